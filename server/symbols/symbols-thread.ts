/** The script of the thread that parses code: it answers questions, one after the other, and holds only the grammars. */
import { parentPort } from 'node:worker_threads'
import type { Answered, Asked } from '../side-thread.js'
import { parseSymbols, type SymbolsQuestion, type SymbolTable } from './parse.js'

parentPort?.on('message', ({ id, question }: Asked<SymbolsQuestion>) => {
  void parseSymbols(question, () => performance.now()).then(
    (answer) => {
      parentPort?.postMessage({ id, answer } satisfies Answered<SymbolTable>)
    },
    (error: unknown) => {
      // The thread ends with it, and whoever asked is told why.
      setImmediate(() => {
        throw error
      })
    },
  )
})
