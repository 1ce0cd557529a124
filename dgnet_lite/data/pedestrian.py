"""One pedestrian, drawn from its factors as a small jointed body in three dimensions.

Parts are drawn from the farthest to the nearest; the head and the patterns of cloth have their own modules.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from PIL import Image

from .body import Body
from .canvas import BAG, LOWER, LOWER2, SHOES, SKIN, UPPER, Canvas, Point
from .factors import Row
from .garments import dress
from .head import Head


class Pedestrian(Body):
    """The whole figure; `draw` fills `canvas` with labels."""

    def draw(self, appearance: Row) -> Canvas:
        parts: list[tuple[float, Callable[[], None]]] = [(0.0, self._torso)]
        for side in (-1, 1):
            near = self.nearness(4.3 * side, 0)
            parts.append((near - 40, lambda side=side: self._leg(side, appearance["fabric"])))
            near = self.nearness(10 * side, 0)
            parts.append((near + math.copysign(1.5, near), lambda side=side: self._arm(side)))
        head = Head(self)
        parts.append((1.2 if self.cos > -0.2 else 2.0, head.draw))
        if head.style in ("long", "ponytail") and not head.from_behind:
            parts.append((-1.0 if self.cos > 0.1 or head.style == "long" else 1.1, head.draw_hair_behind))
        if self.f["bag"] == "backpack":
            parts.append((-3.2 * self.cos if self.cos < 0 else -2.8, self._backpack))
            if self.cos > -0.3:
                parts.append((0.6, self._straps))
        elif self.f["bag"] == "crossbody":
            near = self.nearness(9 * self.f["bag_side"], 0)
            parts.append((0.7, self._cross_strap))
            parts.append((near + (2.5 if near > -2 else -2.5), self._cross_bag))
        for _, part in sorted(parts, key=lambda part: part[0]):
            part()
        labels = np.array(self.canvas.labels)
        dress(
            labels, appearance, self.yaw, self.point(0, 66, 0)[0], self.y, self.unit, self.width(10.2, 7.5) * self.build
        )
        self.canvas.labels = Image.fromarray(labels)
        return self.canvas

    def _leg(self, side: int, fabric: str) -> None:
        f, u, limb, thick = self.f, self.unit, self.canvas.limb, self.thick * self.unit
        phase = f["gait"] + (0 if side > 0 else math.pi)
        swing = 0.5 * f["stride"] * math.sin(f["gait"]) * side
        shin = swing - 0.3 * f["stride"] * max(0.0, 0.9 * math.cos(phase) + 0.15)
        b = self.build
        knee_up, knee_ahead = 50 - 23.5 * math.cos(swing), 23.5 * math.sin(swing)
        ankle_up, ankle_ahead = knee_up - 22.5 * math.cos(shin), knee_ahead + 22.5 * math.sin(shin)
        hip = self.point(4.3 * b * side, 50, 0)
        knee = self.point(4.4 * b * side, knee_up, knee_ahead)
        ankle = self.point(4.2 * b * side, ankle_up, ankle_ahead)
        toe = self.point(4.7 * b * side, ankle_up - 1.2, ankle_ahead + 6.0)
        shade = 10 if self.nearness(side, 0) >= 0 else 7
        trousers, shorts = f["cut"] == "trousers", f["cut"] == "shorts"
        cloth_end = ankle if trousers else _between(hip, knee, 0.8)

        limb(_moved(ankle, 0.8 * u), _moved(toe, 1.0 * u), 2.6 * u, 2.0 * u, SHOES, shade)
        if not trousers:
            limb(knee, ankle, 3.2 * thick, 2.2 * u, SKIN, shade)
            limb(hip, knee, 4.6 * thick, 3.3 * thick, SKIN, shade)
        if trousers:
            limb(knee, ankle, 3.7 * thick, 2.9 * u, LOWER, shade)
            limb(hip, knee, 5.0 * thick, 3.7 * thick, LOWER, shade)
        elif shorts:
            limb(hip, cloth_end, 5.2 * thick, 4.9 * thick, LOWER, shade)
        else:
            return
        if fabric == "denim":  # washed out in front of the thigh
            shift = 1.6 * self.sin * u
            a, c = _between(hip, knee, 0.25), _between(hip, knee, 0.8)
            self.canvas.capsule((a[0] + shift, a[1]), (c[0] + shift, c[1]), 1.8 * u, 1.2 * u, LOWER, shade + 4)
        elif fabric == "side stripe" and -self.sin * side > -0.35:
            line = [(hip, 4.9), (knee, 3.6), (ankle, 2.8)] if trousers else [(hip, 4.9), (cloth_end, 4.7)]
            seam = [(p[0] + side * self.cos * (r * thick - 1.5 * u), p[1]) for p, r in line]
            for p, q in pairwise(seam):
                self.canvas.capsule(p, q, 1.3 * u, 1.3 * u, LOWER2, shade)

    def _arm(self, side: int) -> None:
        f, u, limb = self.f, self.unit, self.canvas.limb
        r = 2.9 * self.thick * u
        holds = f["bag"] == "handbag" and side == f["bag_side"]
        swing = -0.55 * f["stride"] * math.sin(f["gait"]) * side * (0.3 if holds else 1)
        shoulder_x = 10.2 * self.build * side
        elbow_up, elbow_ahead = 80 - 15.5 * math.cos(swing), 15.5 * math.sin(swing)
        hand_up, hand_ahead = elbow_up - 14.5 * math.cos(swing + 0.3), elbow_ahead + 14.5 * math.sin(swing + 0.3)
        shoulder = self.point(shoulder_x - 1.2 * side, 80, 0)
        elbow = self.point(shoulder_x + 1.2 * side, elbow_up, elbow_ahead)
        hand = self.point(shoulder_x + 0.9 * side, hand_up, hand_ahead)
        shade = 10 if self.nearness(side, 0) >= -0.1 else 7
        if holds:
            self._handbag(hand, self.point(shoulder_x + 0.9 * side, hand_up - 9, hand_ahead))
        self.canvas.oval(*hand, 2.0 * u, 2.5 * u, SKIN, shade - 1)
        if f["sleeve"] == "long":
            limb(elbow, hand, 0.92 * r, 0.74 * r, UPPER, shade)
            limb(shoulder, elbow, 1.12 * r, 0.94 * r, UPPER, shade)
        else:
            limb(elbow, hand, 0.8 * r, 0.62 * r, SKIN, shade)
            limb(shoulder, elbow, 0.9 * r, 0.8 * r, SKIN, shade)
            limb(shoulder, _between(shoulder, elbow, 0.68), 1.16 * r, 1.14 * r, UPPER, shade)

    def _handbag(self, hand: Point, middle: Point) -> None:
        u, (x, y) = self.unit, middle
        w = (3.3 + 3.2 * abs(self.sin)) * u
        for z in (-0.5, 0.5):
            self.canvas.capsule((hand[0] + z * w, y - 3 * u), hand, 0.6 * u, 0.6 * u, BAG, 5)
        body = [(x - w, y - 4.5 * u), (x + w, y - 4.5 * u), (x + 1.12 * w, y + 4.5 * u), (x - 1.12 * w, y + 4.5 * u)]
        self.canvas.shape(body, BAG)
        self.canvas.shape(
            [(x - w, y - 4.5 * u), (x + w, y - 4.5 * u), (x + w, y - 2.6 * u), (x - w, y - 2.6 * u)], BAG, 7
        )

    def _torso(self) -> None:
        f, u, b, shape = self.f, self.unit, self.build, self.canvas.shape
        x, y, light = self.point(0, 66, 0)[0], self.y, self.canvas.light
        shoulder, waist, hip = self.width(10.2 * b, 5.4 * b), self.width(7.6 * b, 5.9 * b), self.width(8.2 * b, 6.3 * b)

        def at(across: float, up: float) -> Point:
            return x + across, y - up * u

        def mirrored(outline: list[tuple[float, float]]) -> list[Point]:
            return [at(w, up) for w, up in outline] + [at(-w, up) for w, up in reversed(outline)]

        if f["cut"] == "skirt":
            wide = self.width(11 * b, 8.8 * b)
            shape(mirrored([(0.92 * hip, 54), (wide, 30.5)]), LOWER, 8)
            for k in (-0.55, 0.0, 0.5):  # pleats
                k += 0.12 * light
                shape([at(k * hip, 53), at((k + 0.1) * wide, 30.5), at((k + 0.34) * wide, 30.5)], LOWER, 11)
        else:
            shape(mirrored([(0.98 * hip, 56), (0.98 * hip, 47)]), LOWER, 9)
        if f["neck"] == "hood" and self.cos > -0.3:
            self.canvas.oval(*self.point(0, 84.5, -2.5), self.width(6.4, 5), 3.8 * u, UPPER, 6)
        shape(mirrored([(2.5 * u, 89), (2.8 * u, 82)]), SKIN, 7)
        outline = [(3.0 * u, 85), (0.84 * shoulder, 82.8), (shoulder, 79), (0.9 * shoulder, 69), (waist, 61), (hip, 49)]
        shape(mirrored(outline), UPPER, 8)
        bright = [(0.6 * w + 0.26 * light * w, up - 0.8) for w, up in outline[1:]]
        dim = [(-0.6 * w + 0.26 * light * w, up - 0.8) for w, up in outline[1:]]
        shape([at(*p) for p in bright] + [at(*p) for p in reversed(dim)], UPPER, 11)
        shape(mirrored([(0.99 * hip, 50.6), (hip, 48.8)]), UPPER, 6)  # hem
        side = -light  # two folds on the shaded side
        shape([at(side * 0.95 * waist, 66), at(side * 0.9 * waist, 64), at(side * 0.15 * waist, 59.5)], UPPER, 7)
        shape([at(side * 0.95 * hip, 57), at(side * 0.95 * hip, 55), at(side * 0.1 * hip, 53)], UPPER, 7)
        self._collar(at)

    def _collar(self, at: Callable[[float, float], Point]) -> None:
        u, c, neck, shape = self.unit, self.cos, self.f["neck"], self.canvas.shape
        ahead = 1.6 * self.sin * u
        if neck == "hood" and c <= -0.3:
            hood = self.width(6.6, 5)
            shape([at(-hood, 85), at(hood, 85), at(0.8 * hood, 77), at(0, 74.5), at(-0.8 * hood, 77)], UPPER, 6)
        elif c > 0.15:
            w = 2.6 * u * c
            if neck == "v":
                shape([at(ahead - w, 85.2), at(ahead + w, 85.2), at(ahead, 78.6)], SKIN, 9)
            else:
                shape([at(ahead - w, 85.2), at(ahead + w, 85.2), at(ahead, 82)], SKIN, 9)
            if neck == "collar":
                for z in (-1, 1):
                    shape(
                        [at(ahead + z * 3.2 * u, 85.6), at(ahead + z * 3.8 * u * c, 81.6), at(ahead, 82.4)], UPPER, 13
                    )
                left, right = ahead - 0.5 * u, ahead + 0.5 * u
                shape([at(left, 82), at(right, 82), at(right, 50), at(left, 50)], UPPER, 6)
            elif neck == "hood":
                for z in (-1.3, 1.3):  # cords
                    self.canvas.capsule(at(ahead + z * u, 82), at(ahead + z * u, 74), 0.45 * u, 0.45 * u, UPPER, 15)

    def _backpack(self) -> None:
        u, y = self.unit, self.y
        x, w = self.point(0, 68, -5.9 * self.build)[0], self.width(7.4, 4.3)

        def plate(k: float, top: float, bottom: float, shade: int) -> None:
            edge = 0.8 * k * w
            points = [(x - edge, y - top * u), (x + edge, y - top * u), (x + k * w, y - (top - 3) * u)]
            points += [(x + k * w, y - bottom * u), (x - k * w, y - bottom * u), (x - k * w, y - (top - 3) * u)]
            self.canvas.shape(points, BAG, shade)

        plate(1, 81, 56.5, 8)
        plate(0.8, 80, 58, 11)
        if self.cos < 0:
            plate(0.62, 69, 59, 6)
            plate(0.55, 67, 60, 9)

    def _straps(self) -> None:
        r = 1.1 * self.unit
        for side in (-1, 1):
            self.canvas.capsule(self.point(5.4 * side, 82.5, 1.5), self.point(6.2 * side, 62, 3), r, r, BAG, 8)

    def _cross_strap(self) -> None:
        side, front, r = self.f["bag_side"], math.copysign(2.0, self.cos), self.unit
        a, b = self.point(-5.5 * side, 83, front), self.point(8.5 * self.build * side, 54, front)
        self.canvas.capsule(a, b, r, r, BAG, 6)

    def _cross_bag(self) -> None:
        u = self.unit
        x, y = self.point(9.2 * self.build * self.f["bag_side"], 51, 0)
        w = self.width(3.5, 6.2)
        for top, bottom, shade in ((-4.6, 5.0, 9), (-4.6, -0.6, 6), (-0.2, 0.6, 12)):
            points = [(x - w, y + top * u), (x + w, y + top * u), (x + w, y + bottom * u), (x - w, y + bottom * u)]
            self.canvas.shape(points, BAG, shade)


def _between(p: Point, q: Point, share: float) -> Point:
    return p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])


def _moved(p: Point, down: float) -> Point:
    return p[0], p[1] + down
