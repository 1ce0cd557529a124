"""The head of a pedestrian: hair, face and hat. All of it is structure: no garment hides or colours it."""

from __future__ import annotations

from .body import Body
from .canvas import HAIR, HAT, INK, SKIN


class Head:
    """Draws onto the body's canvas; x, y, rx, ry are the skull's middle and half axes there."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.canvas, self.unit, self.cos, self.sin = body.canvas, body.unit, body.cos, body.sin
        self.style, self.hat = body.f["hair_style"], body.f["hat"]
        self.x, self.y = body.point(0, 92.2, 0.9)
        self.rx, self.ry = body.width(4.6, 5.2), 6.5 * body.unit
        self.from_behind = body.cos < -0.35

    def draw(self) -> None:
        u, s, style, x, y, rx, ry = self.unit, self.sin, self.style, self.x, self.y, self.rx, self.ry
        canvas, light = self.canvas, self.canvas.light
        if style == "bun":
            knot = self.body.point(0, 98.6, -3.4)
            canvas.oval(*knot, 2.9 * u, 2.8 * u, HAIR, 9)
        if style == "afro":
            canvas.oval(x - 0.8 * s * u, y - 1.4 * u, 1.55 * rx, 1.28 * ry, HAIR, 9)
            canvas.oval(x + 0.4 * light * rx, y - 3.2 * u, 0.8 * rx, 0.6 * ry, HAIR, 12)
        canvas.oval(x, y, rx, ry, SKIN, 9)
        if style != "bald":
            self._hair()
        if not self.from_behind:
            self._face()
        if self.hat != "none":
            self._hat()

    def draw_hair_behind(self) -> None:
        """Long hair and a ponytail, where the neck or the shoulders hide part of them."""
        u, s, x, y, rx = self.unit, self.sin, self.x, self.y, self.rx
        if self.style == "ponytail":
            x, y = self.body.point(0, 93, -6)
            self.canvas.capsule((x, y), (x - 1.2 * s * u, y + 9 * u), 1.9 * u, 1.2 * u, HAIR, 8)
            return
        self.canvas.capsule((x - 2.2 * s * u, y), (x - 2.6 * s * u, y + 8 * u), 1.12 * rx, rx, HAIR, 7)

    def _hair(self) -> None:
        u, style, canvas, x, y, rx, ry = self.unit, self.style, self.canvas, self.x, self.y, self.rx, self.ry
        if self.from_behind:
            length = {"long": 1.5, "short": 0.86, "ponytail": 0.9}.get(style, 0.94)
            canvas.oval(x, y + (length - 1.05) * ry, 1.07 * rx, length * ry, HAIR, 9)
            canvas.oval(x + 0.35 * canvas.light * rx, y - 2.4 * u, 0.55 * rx, 0.5 * ry, HAIR, 11)
            if style == "ponytail":
                canvas.capsule((x, y), (x, y + 9.5 * u), 2.2 * u, 1.4 * u, HAIR, 7)
            return
        behind = self.sin * 0.28 * rx  # the hair sits towards the back of the head
        canvas.oval(x - behind, y - 1.1 * u, 1.07 * rx, 0.97 * ry, HAIR, 9)
        canvas.oval(x - behind + 0.4 * canvas.light * rx, y - 4 * u, 0.5 * rx, 0.4 * ry, HAIR, 12)
        if style == "long":  # locks beside the face
            for z in (-1, 1):
                if z * self.sin < 0.5:
                    p, q = (x - behind + 0.86 * z * rx, y), (x - behind + 0.92 * z * rx, y + 9 * u)
                    canvas.capsule(p, q, 1.3 * u, 1.5 * u, HAIR, 9)

    def _face(self) -> None:
        u, c, s, canvas = self.unit, max(self.cos, 0.0), self.sin, self.canvas
        x, y, rx, ry = self.x, self.y, self.rx, self.ry
        fx = x + 0.46 * s * rx
        if self.style != "bald":
            canvas.oval(fx, y + 1.5 * u, (0.54 + 0.32 * c) * rx, 0.78 * ry, SKIN, 9)
        canvas.oval(fx + 0.25 * canvas.light * rx, y + 1.4 * u, (0.3 + 0.2 * c) * rx, 0.5 * ry, SKIN, 11)
        if self.cos < 0.1:
            return
        for z in (-1, 1):
            ex = fx + 1.75 * z * c * u + 0.5 * s * u
            canvas.oval(ex, y - 0.2 * u, 0.66 * u, 0.62 * u, INK)
        canvas.capsule((fx + s * u, y + 0.6 * u), (fx + 1.4 * s * u, y + 1.7 * u), 0.4 * u, 0.6 * u, SKIN, 6)
        canvas.capsule((fx - 1.1 * c * u, y + 3.7 * u), (fx + 1.1 * c * u, y + 3.7 * u), 0.36 * u, 0.36 * u, SKIN, 2)

    def _hat(self) -> None:
        u, s, canvas, x, y, rx, ry = self.unit, self.sin, self.canvas, self.x, self.y, self.rx, self.ry
        canvas.cap(x, y - 1.6 * u, 1.15 * rx, 0.95 * ry, HAT, 9)
        canvas.cap(x + 0.4 * canvas.light * rx, y - 2.6 * u, 0.5 * rx, 0.66 * ry, HAT, 12)
        if self.hat == "beanie":
            band = [
                (x - 1.17 * rx, y - 3.4 * u),
                (x + 1.17 * rx, y - 3.4 * u),
                (x + 1.15 * rx, y - u),
                (x - 1.15 * rx, y - u),
            ]
            canvas.shape(band, HAT, 6)
            canvas.oval(x, y - 8.2 * u, 1.5 * u, 1.5 * u, HAT, 7)
        elif self.cos > -0.3:
            canvas.oval(x + 6.2 * s * u, y - 1.7 * u, (3.4 + 1.6 * abs(s)) * u, 1.2 * u, HAT, 6)
