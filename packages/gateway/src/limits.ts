/** Every size that a client or a model server controls, with its reason. */

/** Longest request target in characters: the longest route with two names of 128 characters is a tenth of it. */
export const maxTargetLength = 2048;
/** All header fields of a request, in bytes: twice what any official client sends. */
export const maxHeaderBytes = 16 * 1024;
/** Header fields of a request: official clients send about 20. */
export const maxHeaderFields = 100;
/** Time for all header fields to arrive, in ms: a slow sender must not hold a connection. */
export const headersMs = 10_000;
/** Time for a whole request to arrive, in ms. 4 MiB in a minute are 70 kB/s. */
export const requestMs = 60_000;
/** How often connections are looked over for the two above, in ms. */
export const checkMs = 2_000;
/** An idle connection is kept this long, in ms: longer than the 60 s of common load balancers, so that they close first. */
export const keepAliveMs = 65_000;
/** Requests on one connection before it is closed, so that load spreads again after a change. */
export const maxRequestsPerConnection = 100_000;
/** Request bodies held at once, over all connections, in bytes. Beyond: 503. */
export const maxBytesInFlight = 512 * 1024 * 1024;
/** Members of a request's top level that are looked at: the largest API has about 40. */
export const maxMembers = 256;
/** Deepest nesting of JSON that we follow; deeper is refused. */
export const maxDepth = 128;
/** Largest answer that is edited as a whole, in bytes. Larger ones under an order to edit are refused: 502. */
export const maxEditedBytes = 64 * 1024 * 1024;
/** Largest single event or line of a stream that is edited, in bytes. */
export const maxStreamedItemBytes = 4 * 1024 * 1024;
/** A small answer is assembled and sent at once up to this many bytes: one system call, not three. */
export const maxAssembledBytes = 64 * 1024;
/** Bytes waiting for a client that reads slower than the model writes; then the model is made to wait. */
export const maxWaitingBytes = 1024 * 1024;
/** How long a client may read nothing while bytes wait, in ms. Then both sides are closed. */
export const maxStallMs = 60_000;
/** Keys, and with them principals, of one gateway: each has a slot in the table of readings. */
export const maxPrincipals = 65_536;
/** Addresses with failed keys that are remembered, and guesses each may make at once and per minute. */
export const maxAddresses = 65_536;
export const guessesPerMinute = 60;
/** Hashes of recent requests per principal: an exact repeat costs no information. */
export const maxRepeats = 4096;
/** Bytes of one request and of one answer that the tap copies; the rest is cut and said so. */
export const maxTappedBytes = 1024 * 1024;
/** Size of the ring between the two threads, in bytes. At 1,000 requests of 10 kB a second it holds three seconds. */
export const ringBytes = 32 * 1024 * 1024;
/** Records for the server that wait on disk, in bytes; beyond, new ones are counted and not kept. */
export const maxSpoolBytes = 64 * 1024 * 1024;
/** One batch to the server, in bytes, and how often, in ms. */
export const maxBatchBytes = 64 * 1024;
export const batchMs = 1_000;
/** Time that running exchanges get when the gateway stops, in ms. */
export const drainMs = 30_000;
/** How long, while draining, a connection that has not asked anything yet may stay, in ms: a round trip and its request. */
export const silentMs = 1_000;
/** Standing orders: more than one for each of many suspects. */
export const maxOrders = 10_000;
