// Every size that somebody outside controls, with the reason for its number.

/** Longest body of one ingest request, in bytes: the longest scan report that is read. A shipper's usual batch is 1 to 10 MB. */
export const maxIngestBytes = 64 * 1024 * 1024;
/** Bytes of ingest bodies that are held in memory at once, all requests together. */
export const maxIngestInFlight = 2 * maxIngestBytes;
/** Most records of one ingest request: bounds the work of one answer. */
export const maxIngestRecords = 500_000;
/** Ingest requests of one client in a minute: 100 per second, far above what shippers that batch need. */
export const maxIngestsPerMinute = 6000;
/** Most sources. Each costs a row on the page, a state and a silence to watch. */
export const maxSources = 256;
/** Most bytes that wait in the spool: a day of a busy source while the engine is down. Then ingest answers "try later". */
export const maxSpoolBytes = 4 * 1024 ** 3;
/** Most a gz file may unpack to, in bytes. Larger ones are read to here and the rest is a counted reject. */
export const maxUnpackedBytes = 8 * 1024 ** 3;
/** Most files that one source may match: a folder of rotated logs of a year has thousands. */
export const maxWatchedFiles = 50_000;
/** Longest JSON body of any other request, in bytes: the longest comment fits four times. */
export const maxBodyBytes = 64 * 1024;
/** Requests of one client to the API in a minute: a person with an open console needs a few per second. */
export const maxRequestsPerMinute = 1200;
/** Failed sign-ins in a minute, all clients together: links hold 192 random bits, this only keeps the log short. */
export const maxSignInsPerMinute = 30;
/** Live pages at once: one per open tab of a small team. */
export const maxLiveClients = 64;
/** Newest rejects kept per source, and the characters of each that are kept. */
export const maxSamples = 20;
export const maxSampleLength = 500;
