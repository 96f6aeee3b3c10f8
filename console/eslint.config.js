/** The borders of the console (app -> features -> shared -> design) and the manners of its files. */
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'

const refuse = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] })

const noApp = { regex: '^@/app(/|$)', message: 'Only app itself may see app: pass the thing in, or move it to shared.' }
const noFeatures = { regex: '^@/features(/|$)', message: 'shared and design know no feature.' }
const noShared = { regex: '^@/shared(/|$)', message: 'design knows nothing above it.' }
const onlyFrontDoor = {
  regex: '^@/features/[^/]+/.+',
  message: 'Another feature is seen only through its index.ts; inside your own, import relatively.',
}
const noClimbing = {
  regex: '^(\\.\\./){3,}|^(\\.\\./)+(app|shared|design|features)(/|$)',
  message: 'Cross a floor by its @/ name, so that the border is visible.',
}

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'src/api/generated/**', 'src/types/components.d.ts', 'test-results/**', 'playwright-report/**'] },
  ...tseslint.configs.strict,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  {
    files: ['**/*.{ts,vue}'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-dynamic-delete': 'off',
      'max-lines': ['error', { max: 400 }],
      'vue/multi-word-component-names': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/no-undef-properties': 'off',
      // Every text the user reads comes from a locale file; what is left here are marks, not words.
      'vue/no-bare-strings-in-template': ['error', { allowlist: ['(', ')', ',', '.', '&', '+', '-', '=', '*', '/', '#', '%', '!', '?', ':', '[', ']', '{', '}', '<', '>', '·', '•', '–', '—', '|', '→', '…', '×', '≈', '≤', '−'] }],
    },
  },
  { files: ['**/*.vue'], rules: { 'max-lines': ['error', { max: 250 }] } },
  { files: ['src/design/**/*.{ts,vue}'], rules: refuse(noApp, noFeatures, noShared, noClimbing) },
  { files: ['src/shared/**/*.{ts,vue}'], rules: refuse(noApp, noFeatures, noClimbing) },
  { files: ['src/features/**/*.{ts,vue}'], rules: refuse(noApp, onlyFrontDoor, noClimbing) },
  { files: ['src/app/**/*.{ts,vue}'], rules: refuse(onlyFrontDoor, noClimbing) },
)
