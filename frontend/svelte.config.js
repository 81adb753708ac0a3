import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess({ style: false }),
  compilerOptions: {
    runes: true,
    // A region that scrolls must be reachable by key (WCAG 2.1.1), which this rule knows nothing of.
    warningFilter: ({ code }) => code !== 'a11y_no_noninteractive_tabindex',
  },
};
