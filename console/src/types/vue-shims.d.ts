/** What the compiler cannot see by itself. */
import 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Permission without which the page answers "not allowed"; null is open to everyone signed in. */
    permission?: string | readonly string[] | null
    /** Open without signing in. */
    isPublic?: boolean
    /** Locale key of the page's name, for the window title. */
    titleKey?: string
  }
}
