/** Numbers as people read them. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export const MEBIBYTE = 2 ** 20;

/** 1536 -> "1.5 KiB". At most three digits and one after the point. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would print as "1024.0", so it moves on to the next unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const shown = value.toFixed(unit === 0 || value >= 100 ? 0 : 1);
  return `${shown.replace(/\.0$/, '')} ${UNITS[unit]}`;
}

export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`;
}

/** 0.42 -> "420 ms", 12.3 -> "12.3 s", 754 -> "12:34", 4000 -> "1:06:40". */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  const pad = (part: number): string => String(part).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** 42 -> "0:42": a duration that is watched as it grows. */
export function formatElapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return whole < 60 ? `0:${String(whole).padStart(2, '0')}` : formatDuration(whole);
}

/** A time (seconds since the epoch) as "just now", "5 minutes ago", or a date once it is a week old. */
export function formatAge(time: number, now: number): string {
  const seconds = Math.max(0, now - time);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${formatCount(Math.floor(seconds / 60), 'minute')} ago`;
  if (seconds < 86_400) return `${formatCount(Math.floor(seconds / 3600), 'hour')} ago`;
  if (seconds < 604_800) return `${formatCount(Math.floor(seconds / 86_400), 'day')} ago`;
  const date = new Date(time * 1000);
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

/** A time (seconds since the epoch) in full: "21 Nov 2026, 08:12". */
export function formatTime(time: number): string {
  return new Date(time * 1000).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}
