/** How far back the page tells: what its lists, bars and lanes show is of one and the same span. In milliseconds. */
export const SPAN = 15 * 60_000
