// Unpacks the browser of @sparticuz/chromium into a folder: its program, and archives of what it needs.
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';

const packed = 'node_modules/@sparticuz/chromium/bin';
for (const name of ['chromium', 'al2023.tar', 'fonts.tar', 'swiftshader.tar']) {
  const mode = name === 'chromium' ? 0o755 : 0o644;
  const target = createWriteStream(join(process.argv[2], name), { mode });
  await pipeline(createReadStream(join(packed, `${name}.br`)), createBrotliDecompress(), target);
}
