/** What a model's operations are launched with, as a form: a group of fields per kind of run, and one of durations. */

import { common } from '../../texts/common.ts';
import {
  durationFields,
  type NumberField,
  type Problems,
  problemsOf,
  specFields,
  type Typed,
  typedOf,
  valuesOf,
} from '../../ui/launch/number-fields.ts';
import type { Launch, LaunchChoice } from '../../wire.ts';

export type Group = keyof LaunchChoice;
export type KindGroup = Exclude<Group, 'max_durations'>;

export const KINDS: readonly { readonly group: KindGroup; readonly title: string }[] = [
  { group: 'evaluate', title: common.evaluate },
  { group: 'train', title: common.train },
  { group: 'create_model_state', title: common.createState },
];

/** Of a launcher of which this kind runs on. GPUs are asked for where there are any. */
export function kindFields({ default_spec, bounds }: Launch): NumberField[] {
  return specFields(default_spec, bounds).filter(({ name }) => name !== 'gpus' || bounds.highest.gpus > 0);
}

export function phaseFields({ default_durations, bounds }: Launch): NumberField[] {
  return durationFields(default_durations, bounds);
}

/** After a training a launcher is never kept. */
export function applies(group: KindGroup, { name }: NumberField): boolean {
  return group !== 'train' || name !== 'idle_seconds';
}

export function fieldsOf(launch: Launch, group: Group): NumberField[] {
  if (group === 'max_durations') return phaseFields(launch);
  return kindFields(launch).filter((field) => applies(group, field));
}

export type Draft = Readonly<Record<Group, Typed>>;

const GROUPS: readonly Group[] = ['create_model_state', 'evaluate', 'train', 'max_durations'];

function byGroup<T>(made: (group: Group) => T): Record<Group, T> {
  return Object.fromEntries(GROUPS.map((group) => [group, made(group)])) as Record<Group, T>; // all of them
}

export function draftOf(launch: Launch): Draft {
  return byGroup((group) => typedOf(fieldsOf(launch, group), { ...launch.choice[group] }));
}

/** Nothing is chosen: all is as the server has it. */
export function emptyDraft(): Draft {
  return byGroup(() => ({}));
}

export function withText(draft: Draft, group: Group, { name, text }: { name: string; text: string }): Draft {
  return { ...draft, [group]: { ...draft[group], [name]: text } };
}

export function draftProblems(launch: Launch, draft: Draft): Record<Group, Problems> {
  return byGroup((group) => problemsOf(fieldsOf(launch, group), draft[group]));
}

export function isFine(problems: Record<Group, Problems>): boolean {
  return GROUPS.every((group) => Object.keys(problems[group]).length === 0);
}

/** Of a draft without problems. What the form does not ask for stays as it was chosen. */
export function choiceOf(launch: Launch, draft: Draft): LaunchChoice {
  return byGroup((group) => ({
    ...launch.choice[group],
    ...valuesOf(fieldsOf(launch, group), draft[group]),
  }));
}

export function isEmpty(draft: Draft): boolean {
  return GROUPS.every((group) => Object.values(draft[group]).every((text) => text.trim() === ''));
}

export function isChanged(launch: Launch, draft: Draft): boolean {
  const known = draftOf(launch);
  return GROUPS.some((group) =>
    fieldsOf(launch, group).some(({ name }) => (draft[group][name] ?? '').trim() !== known[group][name]),
  );
}
