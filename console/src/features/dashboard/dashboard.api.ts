/** The figures of the whole platform, as `dashboard/stats/` gives them. */
import { get } from '@/shared/http/client'

export interface PointsDay {
  date: string
  earned: number
  burned: number
}

export interface DashboardStats {
  total_programs: number
  total_campaigns: number
  total_segments: number
  total_customers: number
  active_campaigns: number
  members: number
  points: { issued: number; redeemed: number; expired: number; outstanding: number }
  points_by_day: PointsDay[]
  tiers: { name: string; members: number }[]
  recent_campaigns: { id: string; name: string; sent: number; opened: number; clicked: number }[]
}

export const getStats = (signal: AbortSignal): Promise<DashboardStats> => get<DashboardStats>('dashboard/stats/', {}, signal)
