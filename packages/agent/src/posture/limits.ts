// What bounds the look at a host's configuration and at exported configuration, each with the reason for the number.

/** Longest configuration file read, in bytes: nginx's of a large site has some hundred thousand. */
export const maxConfigBytes = 1024 * 1024;

/** Most programs of one folder that are looked at: a desktop has some five thousand. */
export const maxPrograms = 20_000;

/** Most files of one folder of configuration that are read. */
export const maxConfigFiles = 1000;

/** How deep `include` lines of a web server's configuration are followed. */
export const maxIncludeDepth = 8;

/** Longest exported file read, in bytes: all users and roles of a large AWS account. */
export const maxExportBytes = 32 * 1024 * 1024;

/** Most bytes of exported files read together, so that a folder named by mistake ends. */
export const maxExportTotal = 256 * 1024 * 1024;

/** Most exported files, and how deep below their folder they may lie. */
export const maxExportFiles = 20_000;
export const maxExportDepth = 12;

/** Longest exported YAML file that is parsed, in bytes: parsers of YAML are slow. */
export const maxYamlBytes = 1024 * 1024;

/** Most statements, rules, bindings or pods looked at of one kind. A large cluster has some ten thousand. */
export const maxItems = 50_000;

/** Most ways that one finder hands on: a person reads ten. */
export const maxWaysEach = 500;

/** Longest line that is searched for signed links, in UTF-16 units, and most links of one file. */
export const maxLinkLine = 64 * 1024;
export const maxLinksPerFile = 100;

/** Most homes of users that are looked into for tokens. */
export const maxHomes = 2000;

/** A right that was not used for so many days is not needed. */
export const unusedDays = 90;
