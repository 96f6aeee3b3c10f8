/** What a sortable list gives each of its lines to be moved by; bound onto a DragHandle. */
export interface Handle {
  id: string
  label: string
  isReadOnly: boolean
  onMove: (by: number) => void
  onDragBegin: () => void
}
