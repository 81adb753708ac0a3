/** The choice of an environment as a form: its lists, what the server says against it, and what applying it does. */

import { isSameChoice, NONE, packagesOf } from '../../base/environment.ts';
import { texts } from '../../texts/environment-settings.ts';
import type {
  BuiltEnvironment,
  EnvironmentChoice,
  EnvironmentOffers,
  ModelEnvironment,
  PackageOffer,
  VersionOffer,
} from '../../wire.ts';

export interface VersionOption {
  readonly value: string;
  readonly label: string;
}

export interface VersionGroup {
  /** "" of what belongs to no group. */
  readonly label: string;
  readonly options: readonly VersionOption[];
}

/** One list of the form. */
export interface Part {
  /** "python", "node", or a package's name: as in a choice, and in what the server says there is. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly value: string;
  readonly groups: readonly VersionGroup[];
}

/** Read together when the form is shown. */
export interface Lists {
  readonly offers: EnvironmentOffers;
  readonly built: readonly BuiltEnvironment[];
}

const NOT_PREINSTALLED: VersionOption = { value: NONE, label: texts.versions.notPreinstalled };

export function runtimeParts({ offers }: Lists, choice: EnvironmentChoice): Part[] {
  return [
    runtimePart('python', 'Python', choice.python, offers.pythons),
    runtimePart('node', 'Node', choice.node, offers.nodes),
  ];
}

function runtimePart(name: string, title: string, value: string, offers: readonly VersionOffer[]): Part {
  const chosen = offers.find(({ version }) => version === value);
  const description = chosen === undefined ? '' : readinessOf(chosen);
  return { name, title, description, value, groups: runtimeGroups(offers, value) };
}

function readinessOf({ ready }: VersionOffer): string {
  return ready ? texts.versions.ready : texts.versions.fetchedWhenApplied;
}

/** Of what is offered, and of what is chosen though it is no longer offered. */
export function packageParts({ offers, built }: Lists, choice: EnvironmentChoice): Part[] {
  const chosen = packagesOf(choice).map(([name]) => name);
  const gone = chosen.filter((name) => !offers.packages.some((offer) => offer.name === name));
  const all = [
    ...offers.packages,
    ...gone.map((name): PackageOffer => ({ name, description: '', versions: [] })),
  ];
  return all.map((offer) =>
    packagePart(offer, versionOf(choice, offer.name), readyVersions(offer.name, built)),
  );
}

function packagePart(
  { name, description, versions }: PackageOffer,
  value: string,
  ready: ReadonlySet<string>,
): Part {
  const options = versions.map((version) => ({ value: version, label: version }));
  const groups = [
    { label: '', options: [NOT_PREINSTALLED] },
    ...grouped(options, ({ value: version }) => ready.has(version)),
  ];
  return { name, title: name, description, value, groups: withChosen(groups, value) };
}

function runtimeGroups(offers: readonly VersionOffer[], value: string): VersionGroup[] {
  const ready = new Set(offers.filter((offer) => offer.ready).map(({ version }) => version));
  const options = offers.map(({ version, full_version }) => ({
    value: version,
    label: full_version === '' || full_version === version ? version : `${version} (${full_version})`,
  }));
  return withChosen(
    grouped(options, ({ value: version }) => ready.has(version)),
    value,
  );
}

function grouped(
  options: readonly VersionOption[],
  isReady: (option: VersionOption) => boolean,
): VersionGroup[] {
  return [
    { label: texts.versions.ready, options: options.filter(isReady) },
    { label: texts.versions.wouldBeFetched, options: options.filter((option) => !isReady(option)) },
  ].filter((group) => group.options.length > 0);
}

/** A list holds what is chosen, even where it is not offered. */
function withChosen(groups: readonly VersionGroup[], value: string): VersionGroup[] {
  if (groups.some(({ options }) => options.some((option) => option.value === value))) return [...groups];
  return [...groups, { label: texts.versions.notOffered, options: [{ value, label: value }] }];
}

/** What was installed into an environment once, uv has in its cache. */
function readyVersions(name: string, built: readonly BuiltEnvironment[]): Set<string> {
  return new Set(built.map(({ choice }) => versionOf(choice, name)));
}

export function versionOf({ packages = {} }: EnvironmentChoice, name: string): string {
  return packages[name] ?? NONE;
}

/** The choice with another version of one part. */
export function withVersion(choice: EnvironmentChoice, part: string, version: string): EnvironmentChoice {
  if (part === 'python' || part === 'node') return { ...choice, [part]: version };
  const { [part]: _, ...others } = choice.packages ?? {};
  return { ...choice, packages: version === NONE ? others : { ...others, [part]: version } };
}

/** What the server says there is, by part, when it refuses a choice: versions that can be chosen instead. */
export function availableOf(details: Readonly<Record<string, unknown>>): Record<string, readonly string[]> {
  const { available } = details;
  if (typeof available !== 'object' || available === null) return {};
  const lists = Object.entries(available).map(([part, versions]) => [
    part,
    Array.isArray(versions) ? versions.map(String) : [],
  ]);
  return Object.fromEntries(lists);
}

/** What becomes of the environment, in a few words each. */
export function changesOf(from: EnvironmentChoice, to: EnvironmentChoice): string[] {
  const runtimes = (['python', 'node'] as const)
    .filter((part) => from[part] !== to[part])
    .map((part) => `${part === 'python' ? 'Python' : 'Node'} ${from[part]} → ${to[part]}`);
  const names = new Set([...packagesOf(from), ...packagesOf(to)].map(([name]) => name));
  const packages = [...names]
    .sort()
    .flatMap((name) => packageChange(name, versionOf(from, name), versionOf(to, name)));
  return [...runtimes, ...packages];
}

function packageChange(name: string, before: string, after: string): string[] {
  if (before === after) return [];
  if (before === NONE) return [texts.plan.added(name, after)];
  return [after === NONE ? texts.plan.removed(name, before) : `${name} ${before} → ${after}`];
}

/** Whether applying a choice needs no building. */
export function isBuilt(choice: EnvironmentChoice, built: readonly BuiltEnvironment[]): boolean {
  return built.some((environment) => isSameChoice(environment.choice, choice));
}

/** What must be fetched before anything can be built. */
function fetched(choice: EnvironmentChoice, { pythons, nodes }: EnvironmentOffers): string[] {
  const isMissing = (offers: readonly VersionOffer[], version: string): boolean =>
    offers.some((offer) => offer.version === version && !offer.ready);
  return [
    ...(isMissing(pythons, choice.python) ? [`Python ${choice.python}`] : []),
    ...(isMissing(nodes, choice.node) ? [`Node ${choice.node}`] : []),
  ];
}

export interface Plan {
  /** Empty: applying would do nothing. */
  readonly changes: readonly string[];
  /** What happens on Apply, and to what runs. */
  readonly words: string;
}

export function planOf(
  environment: ModelEnvironment,
  choice: EnvironmentChoice,
  lists: Lists,
  terminals: number,
): Plan {
  const { build } = environment;
  const changes = changesOf(environment.choice, choice);
  const isReplacing = build?.status === 'running' && !isSameChoice(build.choice, choice);
  if (build?.status === 'running' && !isReplacing) return NOTHING;
  if (changes.length === 0 && isReplacing) return CANCELLING;
  if (changes.length === 0 && environment.key === null)
    return { changes: [texts.plan.first], words: how(choice, lists) };
  if (changes.length === 0) return NOTHING;
  const words = [
    isReplacing ? CANCELLING.words : '',
    how(choice, lists),
    terminals > 0 ? texts.plan.terminalsKeepOld(terminals) : '',
  ];
  return { changes, words: words.filter(Boolean).join(' ') };
}

const NOTHING: Plan = { changes: [], words: '' };
const CANCELLING: Plan = {
  changes: [texts.plan.keepsInUse],
  words: texts.plan.cancelsBuild,
};

function how(choice: EnvironmentChoice, lists: Lists): string {
  if (isBuilt(choice, lists.built)) return texts.plan.isReady;
  return texts.plan.builtFirst(fetched(choice, lists.offers));
}
