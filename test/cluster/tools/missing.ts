/** This machine lacks something that only its user can give it. */
export class MissingError extends Error {
  override readonly name = 'MissingError';
}
