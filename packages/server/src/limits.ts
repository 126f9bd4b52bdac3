// Every size that somebody outside controls, with the reason for its number.

/** Longest body of one ingest request, in bytes: the longest scan report that is read. A shipper's usual batch is 1 to 10 MB. */
export const maxIngestBytes = 64 * 1024 * 1024;
/** Bytes of ingest bodies that are held in memory at once, all senders together, beyond what each has for itself. */
export const maxIngestInFlight = 2 * maxIngestBytes;
/** Bytes of ingest bodies that each sender may always hold: others cannot keep a usual batch out. */
export const ownIngestBytes = 1024 * 1024;
/** Uploads under way at once, all senders together: what the spool writes with one sync. */
export const maxUploads = 256;
/** And of one token: a shipper's usual number of workers is 1 to 8. */
export const maxUploadsPerToken = 16;
/** Longest that a body may pause, in ms: a lost packet is sent again within seconds. */
export const maxPauseMs = 10_000;
/** Slowest that a body may come, in bytes a second, once it has taken longer than a pause: a thousandth of a slow line. */
export const minBytesPerSecond = 4096;
/** Most records of one ingest request: bounds the work of one answer. */
export const maxIngestRecords = 500_000;
/** Ingest requests with one token in a minute: 100 per second, far above what shippers that batch need. */
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
/** Requests of one session to the API in a minute: a person with an open console needs a few per second. */
export const maxRequestsPerMinute = 1200;
/** Live pages at once: one per open tab of a small team. */
export const maxLiveClients = 64;
/** Newest rejects kept per source, and the characters of each that are kept. */
export const maxSamples = 20;
export const maxSampleLength = 500;
