/** Whether Space is held: a drag then moves the view wherever it begins, also on a card. */
import { useEventListener } from '@vueuse/core'
import { ref, type Ref } from 'vue'

const isTyping = (target: EventTarget | null): boolean => target instanceof Element && target.closest('input, textarea, select, button, [contenteditable="true"], [role="dialog"]') !== null

export function useSpace(): Ref<boolean> {
  const isHeld = ref(false)
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (event.code !== 'Space' || isTyping(event.target)) return
    event.preventDefault()
    isHeld.value = true
  })
  useEventListener(document, 'keyup', (event: KeyboardEvent) => { if (event.code === 'Space') isHeld.value = false })
  useEventListener(window, 'blur', () => { isHeld.value = false })
  return isHeld
}
