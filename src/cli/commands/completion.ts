import { Command } from 'commander';
export function completionCommand(_x?: unknown): Command { return new Command('completion').action(() => {}); }
