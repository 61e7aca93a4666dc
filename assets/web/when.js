// Times as people say them: `15:00`, `yesterday`, `monday 9:30`, `2026-11-20 14:00`, `2h` ago; as in the terminal. By the
// clock and the zone of this browser.

import { span } from './slash.js';

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** The beginning of the day that is meant, or null. */
function date(text, now) {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  const back = (days) => {
    day.setDate(day.getDate() - days);
    return day;
  };
  if (text === 'today') return day;
  if (text === 'yesterday') return back(1);
  const named = text.length >= 3 ? DAYS.findIndex((name) => name.startsWith(text)) : -1;
  // The last one before today.
  if (named >= 0) return back(((day.getDay() - named + 6) % 7) + 1);
  const [, y, m, d] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (!y) return null;
  const meant = new Date(Number(y), Number(m) - 1, Number(d));
  return meant.getMonth() === Number(m) - 1 && meant.getDate() === Number(d) ? meant : null;
}

/** The moment that is meant, in milliseconds; a day without a time is its beginning. NaN when it is none. */
export function when(said, now = Date.now()) {
  const text = said
    .trim()
    .toLowerCase()
    .replace(/\s*ago$/, '');
  const seconds = span(text);
  if (seconds > 0) return now - seconds * 1000;
  const [, first, time = '0:00'] = /^(\S+?)(?:(?:\s+|(?<=-\d\d)t)(\d{1,2}:\d\d))?$/.exec(text) ?? [];
  if (!first) return Number.NaN;
  const alone = /^\d{1,2}:\d\d$/.test(first);
  const day = alone ? date('today', now) : date(first, now);
  const [hour, minute] = (alone ? first : time).split(':').map(Number);
  if (!day || hour > 23 || minute > 59) return Number.NaN;
  return day.setHours(hour, minute);
}
