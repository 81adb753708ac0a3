/** Names of the folders that other models are mounted in. */

import { texts } from '../../texts/settings.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** Made of a model's name, and not taken. */
export function proposedName(modelName: string, taken: readonly string[]): string {
  const plain = modelName
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  const name = plain || 'model';
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}

/** What is wrong with a name, or ''. */
export function mountNameProblem(name: string, taken: readonly string[]): string {
  if (!NAME.test(name)) return texts.mounts.badName;
  return taken.includes(name) ? texts.mounts.nameTaken(name) : '';
}
