/**
 * Node's HTTP server, taken without its ES module: making that reads every export, and one of them (`WebSocket`) loads a
 * second undici that nobody here uses. A twentieth of a start, and memory for good.
 */
export const { createServer, ServerResponse } = process.getBuiltinModule('node:http')
