/** Registers the icons of the pages; made by scripts/pageIcons.ts. */
declare module 'virtual:page-icons'
