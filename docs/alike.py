"""Pictures compared, as a person would: what is where, not how a letter's edge is drawn."""

import base64

from playwright.sync_api import Browser

ALIKE = 0.05  # fonts differ from machine to machine

_DIFFERENCE = """async (images) => {
  const pixels = [];
  for (const image of images) {
    const picture = new Image();
    picture.src = `data:image/png;base64,${image}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(picture.width / 8);
    canvas.height = Math.ceil(picture.height / 8);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    pixels.push(context.getImageData(0, 0, canvas.width, canvas.height).data);
  }
  if (pixels[0].length !== pixels[1].length) return 1;
  let sum = 0;
  for (let i = 0; i < pixels[0].length; i += 1) sum += Math.abs(pixels[0][i] - pixels[1][i]);
  return sum / pixels[0].length / 255;
}"""


def difference(browser: Browser, *images: bytes) -> float:
    """How much two PNGs differ, 0 to 1, in squares of 8 pixels: edges of letters count little."""
    page = browser.new_page()
    shown = [base64.b64encode(image).decode() for image in images]
    differs = float(page.evaluate(_DIFFERENCE, shown))
    page.close()
    return differs
