"""Small files of each kind that the page shows, whole and real; some of them hostile."""

import base64
import io
import json
import math
import struct
import wave
import zlib


def png(width: int, height: int) -> bytes:
    """Red to the right, green downwards, and half transparent."""
    rows = b"".join(
        b"\0" + b"".join(bytes((x * 255 // width, y * 255 // height, 96, 128)) for x in range(width))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, content) for name, content in parts)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def wav(seconds: float) -> bytes:
    rate = 8000
    samples = (round(9000 * math.sin(2 * math.pi * 440 * at / rate)) for at in range(round(rate * seconds)))
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()


HOSTILE_SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80" onload="parent.pwned = 'svg onload'">
<script>parent.pwned = 'svg script'; top.pwned = 'svg script'</script>
<image href="http://elsewhere.invalid/svg.png" width="10" height="10"/>
<rect width="120" height="80" fill="teal"/>
</svg>
"""

HOSTILE_HTML = """<script>window.pwned = 'script'</script>
<img src="none.png" alt="gone" onerror="window.pwned = 'onerror'">
<img src="http://elsewhere.invalid/pixel.png" alt="a pixel">
<a href="javascript:window.pwned = 'href'" id="toasts" class="page">Click me</a>
<svg><script>window.pwned = 'svg'</script></svg>
<math><mtext><style><img src=x onerror="window.pwned = 'mutation'"></style></mtext></math>
<iframe srcdoc="<script>parent.pwned = 'frame'</script>"></iframe>
<form action="http://elsewhere.invalid/"><input name="password"><button>Sign in</button></form>
<style>body { display: none }</style>
<p style="position: fixed; inset: 0" onclick="window.pwned = 'onclick'">Styled</p>
"""


def pdf(*, text: str, script: str) -> bytes:
    """One page with a line of text; the script would run when the document is opened, printed or closed."""
    content = f"BT /F1 32 Tf 40 120 Td ({text}) Tj ET 0.1 0.5 0.6 rg 40 40 200 30 re f".encode()
    action = f"<< /S /JavaScript /JS ({script}) >>"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /OpenAction {action} /AA << /WC {action} /WP {action} >> >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents 4 0 R /AA << /O "
        + action.encode()
        + b" >> /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, value in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, value))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()


def notebook() -> bytes:
    rows = "<tr><th>epoch</th><th>loss</th></tr><tr><td>1</td><td>0.25</td></tr>"
    table = f"<style scoped>td {{ color: red }}</style><table>{rows}</table>"
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["step 1\n", "step 2\n"]},
        display({"text/html": table, "text/plain": "epoch loss"}),
        display({"text/html": HOSTILE_HTML}),
        display({"image/png": base64.b64encode(png(40, 30)).decode(), "text/plain": "<Figure>"}),
        display({"image/svg+xml": HOSTILE_SVG.decode()}),
        display({"application/javascript": "window.pwned = 'notebook javascript'"}),
        {
            "output_type": "error",
            "ename": "ZeroDivisionError",
            "evalue": "division by zero",
            "traceback": ["\x1b[0;31mZeroDivisionError\x1b[0m: division by zero", "\x1b[1;32m    1 / 0\x1b[0m"],
        },
    ]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# A notebook\n", "\n", "With *words*.\n", HOSTILE_HTML]},
        {
            "cell_type": "code",
            "execution_count": 7,
            "metadata": {},
            "source": "def train(epochs):\n    return epochs",
            "outputs": outputs,
        },
    ]
    metadata = {"language_info": {"name": "python"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}).encode()


def display(data: dict[str, str]) -> dict[str, object]:
    return {"output_type": "display_data", "metadata": {}, "data": data}
