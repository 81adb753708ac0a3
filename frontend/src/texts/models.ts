/** What the page of all models says, and the dialogs that make a new one. */

import { formatBytes } from '../base/format.ts';
import type { Template, Usage } from '../wire.ts';

const bytes = ({ used_bytes, limit_bytes }: Usage): string =>
  `${formatBytes(used_bytes)} of ${formatBytes(limit_bytes)}`;

export const texts = {
  api: 'API',
  tokens: 'API tokens',
  import: 'Import',
  newModel: 'New model',
  createModel: 'Create model',
  version: (version: string) => `Slipway ${version}`,

  serverSaidNothing: 'The server did not say what it can do.',
  lacks: (things: number) => `This machine lacks ${things === 1 ? 'something' : 'some things'}`,
  notListed: 'The models cannot be listed',
  loading: 'Loading…',

  none: 'Nothing on the slipway yet',
  whatAModelIs:
    'A model is its code, its own filesystem and what it has learned. Start from a template; it runs as it is.',
  fromSnapshot: "From a snapshot's file",

  created: (age: string) => `Created ${age}`,
  filesystemOf: (model: string) => `Filesystem of ${model}`,
  bytes,
  usage: (usage: Usage) =>
    `${bytes(usage)} · ${usage.used_files.toLocaleString('en-US')} of ${usage.limit_files.toLocaleString('en-US')} files`,

  actionsFor: (model: string) => `Actions for ${model}`,
  rename: (model: string) => `Rename ${model}`,
  renaming: 'Renaming…',
  delete: {
    question: (model: string) => `Delete ${model}?`,
    consequence: (bytes: number) =>
      `Its ${formatBytes(bytes)} of files, its states and its history are deleted for good.`,
    action: 'Delete model',
    failed: (model: string) => `${model} could not be deleted.`,
  },

  creating: {
    exampleName: 'House prices',
    template: 'Template',
    languages: { python: 'Python', node: 'Node' } satisfies Record<Template['language'], string>,
    fromGit: 'From a Git repository',
    git: 'Git',
    aboutGit: 'Its files, with their history.',
    address: 'Address',
    exampleAddress: 'https://github.com/name/repository.git',
    branch: 'Branch (optional)',
    ownBranch: "the repository's own",
    token: 'Access token (if it is private)',
    aboutToken: 'kept as a secret of the model',
    startingGit: 'Starting git…',
    partial: 'The model was made, but not all of the repository is in it.',
    deletePartial: 'Delete it',
    keepPartial: 'Keep the model and open it',
    working: 'Creating…',
  },

  importing: {
    title: 'New model from a snapshot',
    hint: 'The file that Export makes of a snapshot: files, environment, limit and state.',
  },
};
