/** The warehouse over HTTP: how it is reached, and what a test of the connection finds. */
import { get, post } from '@/shared/http/client'
import type { Precise, Schemas } from '@/shared/http/schema'

export type WarehouseView = Schemas['WarehouseView']
export interface Finding {
  code: string
  severity: 'refused' | 'warning' | 'info'
  detail: string
  repair: string
}
export type WarehouseConnection = Precise<Schemas['WarehouseConnection'], { findings: Finding[] }>

export const getWarehouse = (signal?: AbortSignal): Promise<WarehouseView> => get<WarehouseView>('dwh/status/', {}, signal)
export const testWarehouse = (): Promise<WarehouseConnection> => post<WarehouseConnection>('dwh/test/')
