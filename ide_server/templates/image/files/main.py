"""Draws the Mandelbrot set: a picture made of nothing but z * z + c.

This model needs no state and no training, so evaluate is its only function.
"""

import struct
import zlib

# A palette is a few colours (red, green, blue), blended from the first to the last.
PALETTES = {
    "ocean": [(6, 12, 40), (16, 88, 150), (64, 190, 210), (240, 252, 255)],
    "fire": [(20, 2, 6), (150, 24, 12), (250, 150, 30), (255, 250, 220)],
    "forest": [(8, 20, 12), (28, 92, 50), (150, 190, 70), (250, 252, 225)],
}


def evaluate(params):
    """Return the encoded file. PNG, JPEG, WAV and others are recognised by their first bytes."""
    width, height, zoom = params["width"], params["height"], params["zoom"]
    palette, limit = PALETTES[params["palette"]], params["iterations"]

    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            # The point of the plane under this pixel; zooming goes towards a pretty valley.
            c = complex(-0.745, 0.113) + complex(x - width / 2, y - height / 2) * (3.2 / width / zoom)
            row += bytes(colour_of(c, limit, palette))
        rows.append(row)

    print(f"Drew {width} x {height} pixels.")
    return {"picture": png(width, height, rows)}


def colour_of(c, limit, palette):
    """Black for points of the set; else a colour by how soon z * z + c runs away."""
    z = 0
    for count in range(limit):
        z = z * z + c
        if abs(z) > 2:
            return blend(palette, (count / limit) ** 0.5)
    return 0, 0, 0


def blend(palette, position):
    """The colour at a position from 0 to 1 along the palette."""
    index, part = divmod(position * (len(palette) - 1), 1)
    first, second = palette[int(index)], palette[min(int(index) + 1, len(palette) - 1)]
    return tuple(round(a + (b - a) * part) for a, b in zip(first, second))


def png(width, height, rows):
    """Encode rows of RGB bytes. A PNG is a signature and a few chunks: size, pixels, end."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits per colour, 2 means RGB
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))  # each row starts with its filter: 0, none
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
