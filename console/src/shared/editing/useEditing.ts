/**
 * A thing of the server under edit: the local document (undo, leave guard) joined with loading, saving, ETag and conflict.
 *
 * Only top-level fields that were changed are sent, with the ETag of the state they were changed on.
 */
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { useDocument } from '@/shared/data/useDocument'
import type { Tagged } from '@/shared/http/client'
import { toProblem, type ProblemError } from '@/shared/http/problems'
import { errorAt, fieldsChanged, rebase, type FieldErrors } from './drafts'

export type EditingState = 'loading' | 'unloadable' | 'clean' | 'dirty' | 'saving' | 'failed'

export interface Conflict<TThing> {
  theirs: Tagged<TThing>
  mineFields: string[]
  theirFields: string[]
}

export interface EditingOptions<TThing, TDraft extends object> {
  /** The id in the address; null is a new thing. */
  id: Ref<string | null>
  blank: () => TDraft
  draftOf: (thing: TThing) => TDraft
  load: (id: string) => Promise<Tagged<TThing>>
  create: (draft: TDraft) => Promise<TThing>
  save: (id: string, part: Partial<TDraft>, etag: string | null) => Promise<Tagged<TThing>>
}

export function useEditing<TThing extends { id: string }, TDraft extends object>(options: EditingOptions<TThing, TDraft>) {
  const document = useDocument<TDraft>(options.blank())
  const thing = shallowRef<TThing | null>(null)
  const base = shallowRef<TDraft>(document.current.value)
  const etag = ref<string | null>(null)
  const loadError = shallowRef<ProblemError | null>(null)
  const saveError = shallowRef<ProblemError | null>(null)
  const conflict = shallowRef<Conflict<TThing> | null>(null)
  const savedAt = ref<number | null>(null)
  const isSaving = ref(false)
  const isLoading = ref(options.id.value !== null)
  let generation = 0

  const state = computed<EditingState>(() => {
    if (isLoading.value) return 'loading'
    if (loadError.value) return 'unloadable'
    if (isSaving.value) return 'saving'
    if (saveError.value) return 'failed'
    return document.isDirty.value ? 'dirty' : 'clean'
  })
  const errors = computed<FieldErrors>(() => saveError.value?.fields ?? [])
  const errorOf = (path: string): string | undefined => errorAt(errors.value, path)

  function begin(draft: TDraft): void {
    base.value = draft
    document.reset(draft)
    saveError.value = null
    conflict.value = null
  }

  function take(tagged: Tagged<TThing>): void {
    thing.value = tagged.data
    etag.value = tagged.etag
    begin(options.draftOf(tagged.data))
  }

  async function load(): Promise<void> {
    const id = options.id.value
    const mine = ++generation
    loadError.value = null
    if (id === null) {
      thing.value = null
      etag.value = null
      begin(options.blank())
      isLoading.value = false
      return
    }
    isLoading.value = thing.value?.id !== id
    try {
      const tagged = await options.load(id)
      if (mine === generation) take(tagged)
    } catch (error) {
      if (mine === generation) loadError.value = toProblem(error)
    } finally {
      if (mine === generation) isLoading.value = false
    }
  }

  async function meet(id: string): Promise<void> {
    const theirs = await options.load(id)
    conflict.value = {
      theirs,
      mineFields: fieldsChanged(base.value, document.current.value),
      theirFields: fieldsChanged(base.value, options.draftOf(theirs.data)),
    }
  }

  async function send(): Promise<void> {
    const id = options.id.value
    if (id === null) {
      take({ data: await options.create(document.current.value), etag: null })
      return
    }
    const part: Partial<TDraft> = {}
    for (const field of fieldsChanged(base.value, document.current.value) as (keyof TDraft)[]) part[field] = document.current.value[field]
    take(await options.save(id, part, etag.value))
  }

  /** Gives the saved thing, or null when the server refused; the refusal stands in `saveError` or `conflict`. */
  async function save(): Promise<TThing | null> {
    if (isSaving.value) return null
    isSaving.value = true
    saveError.value = null
    try {
      await send()
      savedAt.value = Date.now()
      return thing.value
    } catch (error) {
      const problem = toProblem(error)
      saveError.value = problem
      if (problem.status === 412 && options.id.value !== null) {
        await meet(options.id.value).catch((fault: unknown) => (saveError.value = toProblem(fault)))
      }
      return null
    } finally {
      isSaving.value = false
    }
  }

  /** My changes on top of their version, not yet saved. */
  function keepMine(): void {
    const met = conflict.value
    if (!met) return
    const mine = document.current.value
    take(met.theirs)
    document.change(rebase(base.value, mine, met.mineFields))
  }

  function takeTheirs(): void {
    if (conflict.value) take(conflict.value.theirs)
  }

  /** One or more fields of the draft; `burst` joins the letters of one field into one undo step. */
  function edit(part: Partial<TDraft>, burst = ''): void {
    document.change({ ...document.current.value, ...part }, burst)
  }

  watch(options.id, () => void load(), { immediate: true })

  return { ...document, draft: document.current, thing, etag, edit, state, isSaving, savedAt, errors, errorOf, loadError, saveError, conflict, load, save, keepMine, takeTheirs, take }
}
