import { isIPv4, isIPv6 } from './ip.ts';

/**
 * Whether a string has a format, by the rules of the API server (k8s.io/kube-openapi/pkg/validation/strfmt), which are looser than
 * the standards' names suggest.
 */
export function matchesFormat(format: string, text: string): boolean {
  switch (format) {
    case 'ipv4': return isIPv4(text);
    case 'ipv6': return isIPv6(text);
    case 'byte': return isBase64(text);
    case 'date-time': return isDateTime(text);
    default: return true;
  }
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

const DATE_TIME = /^\d{4}-(\d{2})-(\d{2})([tT ])(\d{2}):(\d{2}):(\d{2})(\.\d+)?([zZ]|[+-]\d{2}:\d{2})?$/;

function isDateTime(text: string): boolean {
  const parts = DATE_TIME.exec(text);
  if (parts === null) return false;
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = [parts[1], parts[2], parts[4], parts[5], parts[6]].map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 59;
}
