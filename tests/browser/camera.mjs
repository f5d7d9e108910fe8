// Photos as a camera makes them: large, of noise, and with where they were taken.

/** As the camera notes it, in the bytes of three fractions. */
export const LATITUDE = Buffer.from("0000001f000000010000000d000000010000182700000064", "hex");

/** A file for an input. Each seed is another picture. */
export async function photoOf(page, { seed, width = 1_200, height = 800, orientation = 1 }) {
  const base64 = await page.evaluate(drawn, { seed, width, height });
  const picture = Buffer.from(base64, "base64");
  // Behind the two bytes with which every JPEG begins.
  const buffer = Buffer.concat([picture.subarray(0, 2), exif(orientation), picture.subarray(2)]);
  return { name: `photo-${seed}.jpg`, mimeType: "image/jpeg", buffer };
}

async function drawn({ seed, width, height }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  let chance = seed * 2_654_435_761;
  for (let i = 0; i < pixels.data.length; i += 4) {
    chance = (Math.imul(chance, 1_664_525) + 1_013_904_223) | 0;
    const shade = (i / 4 / width / height) * 120;
    pixels.data[i] = shade + (chance >>> 25);
    pixels.data[i + 1] = shade + ((chance >>> 17) & 127);
    pixels.data[i + 2] = 90 + ((chance >>> 9) & 63);
    pixels.data[i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  context.font = `${height / 3}px sans-serif`;
  context.fillText(`${seed}`, width / 3, height / 2);
  return canvas.toDataURL("image/jpeg", 0.92).split(",")[1];
}

/** An APP1 segment: how the camera was held, a description, and the latitude. */
function exif(orientation) {
  const short = (it) => Buffer.from([it >> 8, it & 255]);
  const long = (it) => Buffer.concat([short(it >>> 16), short(it & 65_535)]);
  const entry = (tag, type, n, value) => Buffer.concat([short(tag), short(type), long(n), value]);
  const description = Buffer.from("Canary\0\0");
  const first = 8 + 2 + 3 * 12 + 4;
  const gps = first + description.length;
  const latitude = gps + 2 + 2 * 12 + 4;
  const tiff = Buffer.concat([
    Buffer.from("MM\0*"),
    long(8),
    short(3),
    entry(0x010e, 2, description.length, long(first)),
    entry(0x0112, 3, 1, Buffer.concat([short(orientation), short(0)])),
    entry(0x8825, 4, 1, long(gps)),
    long(0),
    description,
    short(2),
    entry(0x0001, 2, 2, Buffer.from("N\0\0\0")),
    entry(0x0002, 5, 3, long(latitude)),
    long(0),
    LATITUDE,
  ]);
  const body = Buffer.concat([Buffer.from("Exif\0\0"), tiff]);
  return Buffer.concat([Buffer.from([0xff, 0xe1]), short(body.length + 2), body]);
}
