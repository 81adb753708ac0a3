/** The items of a menu that copy a run as code. */

import { copyText } from '../services/clipboard.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/run.ts';
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
    label: texts.copyAs.language(language),
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
    session.notifications.info(texts.copyAs.done(language));
  } catch (error) {
    session.notifications.error(texts.copyAs.failed, error);
  }
}
