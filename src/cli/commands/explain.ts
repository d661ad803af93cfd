import { Command } from 'commander';
export function explainCommand(_x?: unknown): Command { return new Command('explain').action(() => {}); }
