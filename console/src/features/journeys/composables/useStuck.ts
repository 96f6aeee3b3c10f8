/** Who should have gone on by now and has not; asked again every minute, by whichever pages show it. */
import { useQuery } from '@tanstack/vue-query'
import { listStuck } from '../journeys.api'

const EVERY_MS = 60_000
export const useStuck = () => useQuery({ queryKey: ['journeys', 'stuck'], queryFn: ({ signal }) => listStuck(signal), refetchInterval: EVERY_MS, staleTime: EVERY_MS / 2 })
