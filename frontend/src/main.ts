/** Chooses the page by the address: all models, or the IDE of one. */

import './ui/tokens.css';
import './ui/page.css';
import { type Component, mount } from 'svelte';
import { startTheme } from './services/theme.ts';
import { watchForUpdates } from './services/updates.ts';
import { texts } from './texts/page.ts';

interface Page {
  // biome-ignore lint/suspicious/noExplicitAny: pages differ in their props, each is given its own below
  component: Component<any>;
  props: Record<string, unknown>;
}

async function pageAt(path: string): Promise<Page> {
  const model = /^\/models\/([^/]+)\/?$/.exec(path)?.[1];
  if (model === undefined)
    return { component: (await import('./workbench/ModelsPage.svelte')).default, props: {} };
  const { default: component } = await import('./workbench/IdePage.svelte');
  return { component, props: { modelId: decodeURIComponent(model) } };
}

async function start(): Promise<void> {
  startTheme();
  watchForUpdates();
  const target = document.getElementById('app');
  if (!target) throw new Error('index.html holds no element with the id app');
  const { component, props } = await pageAt(window.location.pathname);
  mount(component, { target, props });
}

/** Before any page stands: the parts of this one are gone when the server was updated a moment ago. */
function failed(): void {
  const message = document.createElement('p');
  message.textContent = texts.couldNotLoad;
  document.getElementById('app')?.replaceChildren(message);
}

start().catch((error: unknown) => {
  failed();
  throw error;
});
