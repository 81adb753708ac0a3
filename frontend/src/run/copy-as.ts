/** The items of a menu that copy a run as code. */

import { copyText } from '../services/clipboard.ts';
import type { ModelSession } from '../services/session.ts';
import type { NewOperation } from '../wire.ts';
import type { CodeLanguage } from './request-code.ts';

const LANGUAGES: readonly CodeLanguage[] = ['curl', 'Python', 'JavaScript'];

interface Item {
  readonly label: string;
  run(): void;
}

export function copyItems(
  session: ModelSession,
  request: () => Promise<NewOperation | null>,
): readonly Item[] {
  return LANGUAGES.map((language) => ({
    label: `Copy as ${language}`,
    run: () => void copyAs(session, language, request),
  }));
}

async function copyAs(
  session: ModelSession,
  language: CodeLanguage,
  request: () => Promise<NewOperation | null>,
): Promise<void> {
  try {
    const [{ requestCode }, wanted] = await Promise.all([import('./request-code.ts'), request()]);
    if (wanted === null) return;
    await copyText(requestCode(language, { url: location.origin, model: session.modelId, request: wanted }));
    session.notifications.info(`Copied as ${language}. Put an API token in its place before you run it.`);
  } catch (error) {
    session.notifications.error('It could not be copied.', error);
  }
}
