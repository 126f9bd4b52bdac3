/** Where and when a person was seen, and whether anyone could have travelled from there to here. */

/** A sighting. Degrees, and ms since 1970. */
export interface Sighting {
  readonly latitude: number;
  readonly longitude: number;
  readonly at: number;
  readonly event: string;
}

/** Radius of the earth, in km. */
const radius = 6371;

/** The distance between two places along the surface, in km (haversine). */
export function distanceKm(a: Sighting, b: Sighting): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const h =
    half(a.latitude, b.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude);
  return 2 * radius * Math.asin(Math.sqrt(Math.min(1, h)));
}

/** The speed that being seen at both takes, in km/h; the order does not matter. At least a minute is counted between two sightings. */
export function speedKmh(a: Sighting, b: Sighting): number {
  return distanceKm(a, b) / (Math.max(Math.abs(b.at - a.at), 60_000) / 3_600_000);
}
