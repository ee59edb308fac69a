// What Node asks the Worker for, and what the Worker answers.
import type { Job } from './contenders.ts';
import type { Rebuilder, Scene } from './scenes.ts';

/** What an isolate's first call is given. `bare SELECT` is what is taken off: the request around it. */
export type FirstWakeTask = 'bare SELECT' | 'bundle 0.x' | 'converted module';

export interface Rows {
  read: number;
  written: number;
}

/** `loop` calls a job again and again in one instance; `wake` and `rows` run it in the constructor. */
export type Ask =
  | { do: 'wake'; objects: string[]; job: Job; size: number; byId?: boolean }
  | { do: 'evict'; objects: string[] }
  | { do: 'loop'; object: string; job: Job; size: number; times: number }
  | { do: 'rows'; object: string; job: Job; size: number }
  | { do: 'made'; object: string }
  | { do: 'fill'; object: string; scene: Scene }
  | { do: 'rebuild'; object: string; scene: Scene; by: Rebuilder }
  | { do: 'load'; copy: number }
  | { do: 'firstWake'; object: string; copy: number; task: FirstWakeTask };
