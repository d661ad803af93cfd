import { integer } from '../../../config/fields.ts';

export const maxNumOfEndpoints = integer({ default: 1, min: 1, max: 100, about: 'servers to name: the first gets the request, the rest is what it falls back to, in order' });
