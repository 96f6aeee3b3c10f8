/** Amounts of money in the user's language; digits are Latin, as everywhere. */
import { useI18n } from 'vue-i18n'

/** Prices of single messages go down to a millionth. */
const PRICE_DIGITS = 6

/** Sign and digits stay together within a line that runs from the right: as one piece from left to right (UAX #9). */
const isolated = (text: string): string => `\u2066${text.replace(/[\u200e\u200f]/g, '')}\u2069`

export function useMoney() {
  const { locale } = useI18n()
  const format = (currency: string, digits?: number) => new Intl.NumberFormat(`${locale.value}-u-nu-latn`, { style: 'currency', currency, ...(digits === undefined ? {} : { maximumFractionDigits: digits }) })
  const money = (amount: number | string, currency: string): string => isolated(format(currency).format(Number(amount)))
  const price = (amount: number | string, currency: string): string => isolated(format(currency, PRICE_DIGITS).format(Number(amount)))
  return { money, price }
}
