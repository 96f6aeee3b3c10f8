/**
 * A number that is still being typed counts when something is saved by a key: the fields for numbers tell their value only when
 * they are left or Enter is pressed. The field keeps the focus.
 */
export function settleFields(): void {
  const field = document.activeElement
  if (field instanceof HTMLInputElement && field.getAttribute('role') === 'spinbutton') field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: false, cancelable: true }))
}
