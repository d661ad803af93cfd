import { onFindings } from '../../app/check.ts';
import type { Instance } from '../../app/instance.ts';
import type { Log } from '../../util/log.ts';

/** Logs what becomes of conditions and ports from here on. While the program ends, all of them turn bad, which is no news. */
export function logChanges({ instance, log, isOver }: { readonly instance: Pick<Instance, 'standalone'>; readonly log: Log; readonly isOver: () => boolean }): void {
  const plane = instance.standalone?.plane;
  if (plane === undefined) return;
  onFindings(plane, ({ problem, gone }) => {
    if (isOver()) return;
    const { file, line, kind, key, field, message, severity } = problem;
    const where = { file, line, kind, key, field: gone ? field.replace(/=.*/, '') : field };
    if (gone) log.info(where, 'is as it should be again');
    else log[severity === 'error' ? 'error' : 'warn'](where, message);
  });
  plane.portBindings.subscribe((changes) => {
    for (const [port, { before, after }] of changes) {
      // One that could not be had before is told of where ports are looked for.
      if (isOver() || before !== undefined || after === undefined || 'error' in after) continue;
      log.info({ port }, `listening on port ${after.boundPort}`);
    }
  });
}
