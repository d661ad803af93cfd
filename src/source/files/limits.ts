/** Files that are read at most; what comes after them in order of directory and name is a problem. */
export const maxFiles = 100_000;

/** Directories that are watched at most. */
export const maxDirectories = 10_000;

/** How deep directories may be nested below a given path. */
export const maxDepth = 32;

/** Bytes of one file. */
export const maxFileBytes = 64 * 1024 * 1024;

/** Bytes of one object's YAML text; the object itself is measured by what decodes it. */
export const maxObjectTextBytes = 3 * 1024 * 1024;

/** Bytes of one YAML document, a List for example: parsing takes about half a second a MiB, and nothing else runs meanwhile. */
export const maxYamlDocumentBytes = 8 * 1024 * 1024;

/** Bytes of a JSON text in which the lines of problems are looked up. */
export const maxJsonPositionBytes = 256 * 1024;

/** How often anchors may be used in one document, nested uses multiplied: stops alias bombs. */
export const maxAliases = 1_000;

/** How deep maps and lists of one document may be nested. Kubernetes objects have some twenty levels. */
export const maxNesting = 250;

/** Lists in Lists that are unfolded. */
export const maxListDepth = 8;

/** Problems reported of one file; the rest is counted. */
export const maxProblemsPerFile = 200;

/** A file written in place is read when nothing wrote to it for this long, since its writer may be in the middle. */
export const quietMs = 20;

/** A read of a file written in place that found less than before, or errors, counts only after this long without a write. */
export const doubtMs = 100;

/** One that would lose objects, or leave a file with objects unreadable or empty, only after this long: `kubectl get -o yaml > FILE` writes late. */
export const confirmMs = 2_000;

/** A file that is gone this long is deleted; some editors take it away for a moment when they save. */
export const goneMs = 20;

/** A file that somebody keeps writing to for this long is reported. */
export const restlessMs = 5_000;

/** How long a start waits for files that are being written; longer than `confirmMs`, so that what is confirmed is in it. */
export const startWaitMs = 3_000;

/** All is looked at again this often, since the kernel drops events when its queue is full. */
export const rescanMs = 30_000;

/** The same where directories cannot be watched. */
export const pollMs = 1_000;

/** How long the event loop is held before others get their turn. */
export const sliceMs = 10;

/** How long changes are gathered while more are being read, once the first full read is done. */
export const gatherMs = 200;
