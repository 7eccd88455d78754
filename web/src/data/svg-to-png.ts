/** Pixels of a drawing per unit of its own size: sharp on paper. */
const SCALE = 2;

/** A drawing as an address that an image or a link can have. */
export const svgAddress = (svg: string) => `data:image/svg+xml,${encodeURIComponent(svg)}`;

/** A drawing as a PNG, which is a `data:` address as well. Rejects when it cannot be drawn. */
export async function svgToPng(svg: string): Promise<string> {
  const image = new Image();
  image.src = svgAddress(svg);
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = SCALE * image.naturalWidth;
  canvas.height = SCALE * image.naturalHeight;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser cannot draw.');
  // Drawings go by the scheme of the system, whatever this page was turned to.
  context.fillStyle = matchMedia('(prefers-color-scheme: dark)').matches ? '#14171b' : '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png');
}
