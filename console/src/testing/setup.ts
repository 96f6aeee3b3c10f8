/** What jsdom lacks and the components expect. */

class StillObserver {
  observe(): void { /* nothing is laid out in jsdom */ }
  unobserve(): void { /* nothing is laid out in jsdom */ }
  disconnect(): void { /* nothing is laid out in jsdom */ }
}
globalThis.ResizeObserver ??= StillObserver as unknown as typeof ResizeObserver
globalThis.IntersectionObserver ??= StillObserver as unknown as typeof IntersectionObserver
window.matchMedia ??= ((query: string) => ({ matches: false, media: query, onchange: null, addEventListener: () => undefined, removeEventListener: () => undefined, addListener: () => undefined, removeListener: () => undefined, dispatchEvent: () => false })) as typeof window.matchMedia

export {}
