/** The calls of a debug session, put together from its events. */

import { texts } from '../../texts/debug.ts';
import type {
  CallEnded,
  CallName,
  CallStarted,
  FunctionName,
  OperationEvent,
  OperationEvents,
  Outcome,
  StateId,
  StateKey,
} from '../../wire.ts';
import { Metrics } from '../charts/series.ts';
import { LogLines } from '../log-lines.ts';

/** In the order in which one would call them. */
export const FUNCTIONS: readonly FunctionName[] = [
  'createModelState',
  'instantiateModel',
  'evaluate',
  'train',
  'getModelState',
  'dispose',
];

export interface DebugCall {
  readonly number: number;
  readonly function: CallName;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The state in words, of instantiateModel; '' of others. */
  readonly state: string;
  readonly startedAt: number;
  /** Of the call, and what was printed after it and before the next one. */
  readonly log: LogLines;
  readonly metrics: Metrics;
  readonly progress: number | null;
  /** null while it goes on. */
  readonly seconds: number | null;
  readonly outcome: Outcome | null;
  readonly hasResult: boolean;
  /** Of the state that it made; empty if it made none. */
  readonly stateKeys: readonly StateKey[];
  /** The model's state that this became. */
  readonly keptId: StateId | null;
}

type OpenCall = { -readonly [Name in keyof DebugCall]: DebugCall[Name] };

export class DebugCalls {
  /** Where the journal is to be read on. */
  offset = 0;
  /** That can be called now. */
  functions: readonly FunctionName[] = [];
  /** When the session ends by itself; null while it does not wait for a call. */
  until: number | null = null;
  outcome: Outcome | null = null;
  /** The calls whose states are still there. */
  states: ReadonlySet<number> = new Set();
  private readonly calls: OpenCall[] = [];

  /** The newest last. Each is a copy, as it is now. */
  get all(): readonly DebugCall[] {
    return this.calls.map((call) => ({ ...call }));
  }

  apply(batch: OperationEvents): void {
    // A batch that comes again after a lost connection has been heard already.
    if (batch.offset <= this.offset) return;
    this.offset = batch.offset;
    for (const event of batch.events) this.add(event);
  }

  private add(event: OperationEvent): void {
    const last = this.calls.at(-1);
    switch (event.type) {
      case 'call_started':
        return this.start(event);
      case 'call_ended':
        return this.end(event);
      case 'call_state_kept':
        return this.keep(event.call, event.state_id);
      case 'waiting':
        this.until = event.until;
        return;
      case 'loaded':
        this.functions = event.functions;
        return;
      case 'log':
        return last?.log.append(event.stream, event.text, event.time);
      case 'metric':
        return last?.metrics.add(event);
      case 'progress':
        if (last) last.progress = Math.min(1, Math.max(0, event.fraction));
        return;
      case 'ended':
        this.until = null;
        this.outcome = event.outcome;
        return;
      default: // the phases of other operations, and states that the model tells of
        return;
    }
  }

  private start({ call: number, function: name, parameters, state, time }: CallStarted): void {
    this.until = null;
    // What was there before is forgotten.
    if (name === 'load') this.functions = [];
    this.calls.push({
      number,
      function: name,
      parameters,
      state,
      startedAt: time,
      log: new LogLines(),
      metrics: new Metrics(),
      progress: null,
      seconds: null,
      outcome: null,
      hasResult: false,
      stateKeys: [],
      keptId: null,
    });
  }

  private end({ call: number, seconds, outcome, has_result, state_keys, states }: CallEnded): void {
    const ended = this.calls.find((call) => call.number === number);
    this.states = new Set(states);
    if (ended) Object.assign(ended, { seconds, outcome, hasResult: has_result, stateKeys: state_keys });
  }

  private keep(number: number, keptId: StateId): void {
    const made = this.calls.find((call) => call.number === number);
    if (made) made.keptId = keptId;
  }
}

export function callName(name: CallName): string {
  return name === 'load' ? texts.call.load : name;
}
