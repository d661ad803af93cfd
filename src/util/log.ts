/** What the program needs of a logger: pino satisfies it. Fields first, message second. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Swallows everything: for tests and tools that print their own output. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
