/**
 * What a row was stored as. Rows are written by this server alone and guarded by the version of the data folder
 * (rule STORE-9), so reading one is no door: the table's owner says what its rows hold.
 */
/* eslint-disable @typescript-eslint/no-unsafe-type-assertion, @typescript-eslint/no-unnecessary-type-parameters --
   this is the one place for it */
export function stored<T>(value: unknown): T {
  return value as T
}
