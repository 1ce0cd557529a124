"""The backgrounds of Toy Market: one street scene per camera, seen through a window that moves with the place.

A scene is drawn once per process at a fixed size and reduced once per picture height, so that taking a background is
cutting a piece from an array. The horizon lies behind the person's chest, the feet always stand on the ground.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .factors import Row, stream

WIDTH, HEIGHT = 1024, 400  # of a scene
WINDOW = 320  # height of the piece behind one picture
HORIZON = 172
Colour = tuple[int, int, int]


class _Painter:
    """A canvas and the lots that fill it."""

    def __init__(self, rng: np.random.Generator, far: Colour, ground: Colour) -> None:
        self.rng = rng
        self.image = Image.new("RGB", (WIDTH, HEIGHT), far)
        self.draw = ImageDraw.Draw(self.image)
        self.draw.rectangle([0, HORIZON, WIDTH, HEIGHT], fill=ground)
        for i in range(8):  # the ground is darker where it meets the wall
            y = HORIZON + 3 * i
            self.draw.rectangle([0, y, WIDTH, y + 3], fill=shade(ground, 0.78 + 0.028 * i))

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def near(self, colour: Colour, spread: float) -> Colour:
        return tuple(int(np.clip(v + self.between(-spread, spread), 0, 255)) for v in colour)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        self.draw.rectangle([x, y, x + width, y + height], fill=colour)

    def rows(self, count: int) -> list[float]:
        """Heights of lines on the ground, closer together towards the horizon."""
        return [HORIZON + (HEIGHT - HORIZON) * (i / count) ** 1.6 for i in range(1, count)]


def shade(colour: Colour, factor: float) -> Colour:
    return tuple(min(255, int(v * factor)) for v in colour)


def _brick_wall(rng: np.random.Generator) -> Image.Image:
    p = _Painter(rng, (150, 128, 116), (156, 154, 150))
    brick = (158, 112, 94)
    for row, y in enumerate(range(-4, HORIZON, 13)):
        for x in range(-15 * (row % 2), WIDTH, 30):
            p.box(x, y, 27, 10, p.near(brick, 14))
    for x in range(60, WIDTH, 250):  # doors and windows
        p.box(x - 8, 8, 86, HORIZON - 8, (190, 184, 172))
        p.box(x, 16, 70, HORIZON - 16, p.near((82, 76, 74), 20))
        p.box(x + 120, 22, 74, 84, (198, 194, 184))
        p.box(x + 126, 28, 62, 72, p.near((104, 120, 132), 14))
        p.box(x + 155, 28, 4, 72, (198, 194, 184))
    p.box(0, HORIZON - 10, WIDTH, 12, (120, 112, 106))
    for y in p.rows(7):
        p.draw.line([0, y, WIDTH, y], fill=(136, 134, 130), width=2)
    return p.image


def _park(rng: np.random.Generator) -> Image.Image:
    p = _Painter(rng, (178, 194, 200), (134, 148, 96))
    p.box(0, 96, WIDTH, HORIZON - 96, (116, 138, 98))
    for _ in range(70):  # trees far away
        x, y, r = p.between(-20, WIDTH), p.between(20, 130), p.between(16, 44)
        p.draw.ellipse([x - r, y - r, x + r, y + r * 0.8], fill=p.near((92, 122, 74), 22))
    for x in range(50, WIDTH, 170):  # trunks and crowns
        x += int(p.between(-40, 40))
        p.box(x, 40, p.between(9, 17), HORIZON - 24, p.near((96, 78, 62), 10))
        for _ in range(7):
            cx, cy, r = x + p.between(-46, 56), p.between(-20, 54), p.between(20, 38)
            p.draw.ellipse([cx - r, cy - r, cx + r, cy + r * 0.8], fill=p.near((76, 112, 62), 24))
    p.draw.polygon([(0, 236), (WIDTH, 214), (WIDTH, 312), (0, 340)], fill=(186, 174, 150))  # a path
    for _ in range(500):  # blades
        x, y = p.between(0, WIDTH), p.between(HORIZON, HEIGHT)
        if not 214 < y < 340:
            p.draw.line([x, y, x + 3, y - 7], fill=p.near((128, 150, 92), 22), width=2)
    return p.image


def _shops(rng: np.random.Generator) -> Image.Image:
    p = _Painter(rng, (172, 164, 154), (168, 164, 160))
    for x in range(0, WIDTH, 150):
        front = p.near((150, 140, 130), 40)
        p.box(x, 0, 148, HORIZON, front)
        p.box(x + 6, 52, 88, HORIZON - 64, p.near((66, 80, 90), 20))
        p.draw.polygon([(x + 10, 150), (x + 44, 56), (x + 58, 56), (x + 24, 150)], fill=(112, 126, 134))  # reflection
        p.box(x + 102, 60, 38, HORIZON - 60, p.near((88, 74, 66), 24))
        sign = p.near((140, 110, 90), 70)
        p.box(x + 2, 12, 142, 24, sign)
        for k in range(int(p.between(4, 8))):
            p.box(x + 16 + 14 * k, 18, 8, 12, (226, 222, 212))
        for k in range(9):  # an awning
            stripe = shade(sign, 0.9) if k % 2 else (220, 216, 208)
            p.draw.polygon(
                [(x + 2 + 16 * k, 38), (x + 18 + 16 * k, 38), (x + 16 + 16 * k, 58), (x + 16 * k, 58)], stripe
            )
    for x in range(-600, WIDTH + 600, 58):
        p.draw.line([x, HEIGHT, WIDTH / 2 + (x - WIDTH / 2) * 0.45, HORIZON + 8], fill=(148, 144, 140), width=2)
    for y in p.rows(6):
        p.draw.line([0, y, WIDTH, y], fill=(148, 144, 140), width=2)
    return p.image


def _crossing(rng: np.random.Generator) -> Image.Image:
    p = _Painter(rng, (186, 190, 194), (104, 106, 108))
    for x in range(0, WIDTH, 128):  # houses across the road
        house = p.near((164, 156, 148), 26)
        p.box(x, p.between(-10, 30), 126, HORIZON, house)
        for wx in range(x + 10, x + 110, 28):
            for wy in (40, 84):
                p.box(wx, wy, 15, 26, p.near((96, 106, 116), 14))
    for x in range(30, WIDTH, 260):  # parked cars
        car = p.near((130, 124, 122), 60)
        p.draw.rounded_rectangle([x + 26, 108, x + 112, 150], 14, fill=shade(car, 0.72))
        p.draw.rounded_rectangle([x, 128, x + 142, HORIZON - 4], 10, fill=car)
        for wheel in (x + 30, x + 112):
            p.draw.ellipse([wheel - 14, 150, wheel + 14, 178], fill=(42, 42, 44))
    p.box(0, HORIZON + 4, WIDTH, 8, (172, 170, 166))
    for x in range(-500, WIDTH + 500, 96):  # stripes towards the viewer
        far, half = WIDTH / 2 + (x - WIDTH / 2) * 0.55, 13
        p.draw.polygon(
            [(far - half, 206), (far + half, 206), (x + 26, HEIGHT), (x - 26, HEIGHT)], fill=p.near((206, 206, 202), 6)
        )
    return p.image


def _plaza(rng: np.random.Generator) -> Image.Image:
    p = _Painter(rng, (148, 164, 178), (178, 176, 172))
    for x in range(0, WIDTH, 46):  # a glass front
        for y in range(-6, HORIZON - 10, 44):
            p.box(x, y, 42, 40, p.near((126, 146, 162), 16))
    for x in range(20, WIDTH, 210):  # columns
        p.box(x, 0, 30, HORIZON + 8, (196, 194, 188))
        p.box(x + 20, 0, 10, HORIZON + 8, (160, 158, 154))
        p.box(x - 6, HORIZON - 2, 42, 14, (176, 174, 168))
    for row, (top, bottom) in enumerate(zip([HORIZON + 12, *p.rows(8)], [*p.rows(8), HEIGHT], strict=True)):
        if bottom <= top:
            continue
        for k in range(-14, 28):
            if (row + k) % 2:
                quad = []
                for x, y in ((k, top), (k + 1, top), (k + 1, bottom), (k, bottom)):
                    spread = 34 + 62 * (y - HORIZON) / (HEIGHT - HORIZON)
                    quad.append((WIDTH / 2 + (x - 7) * spread, y))
                p.draw.polygon(quad, fill=p.near((158, 156, 152), 5))
    return p.image


def _campus(rng: np.random.Generator) -> Image.Image:
    p = _Painter(rng, (196, 190, 176), (150, 142, 134))
    p.box(0, 30, WIDTH, 50, (176, 164, 144))
    for _ in range(90):  # a hedge behind the fence
        x, y, r = p.between(0, WIDTH), p.between(96, HORIZON), p.between(10, 24)
        p.draw.ellipse([x - r, y - r, x + r, y + r], fill=p.near((98, 112, 78), 18))
    for x in range(0, WIDTH, 15):
        p.draw.line([x, 62, x, HORIZON], fill=(74, 76, 80), width=3)
    for y in (70, 150):
        p.draw.line([0, y, WIDTH, y], fill=(66, 68, 72), width=5)
    for x in range(0, WIDTH, 180):
        p.box(x, 48, 20, HORIZON - 40, (148, 120, 104))
        p.box(x - 4, 42, 28, 9, (170, 160, 150))
    for x in range(80, WIDTH, 230):  # bicycles
        tone = p.near((70, 72, 80), 30)
        for wheel in (x, x + 54):
            p.draw.ellipse([wheel - 20, 142, wheel + 20, 182], outline=tone, width=4)
        frame = [(x, 162), (x + 18, 132), (x + 44, 134), (x + 26, 164), (x + 54, 162), (x + 42, 122)]
        p.draw.line(frame, fill=tone, width=4)
    for x in range(-400, WIDTH + 400, 40):  # a herringbone pavement
        p.draw.line([x, HEIGHT, x + 150, HORIZON + 8], fill=(136, 128, 120), width=2)
        p.draw.line([x + 150, HEIGHT, x, HORIZON + 8], fill=(140, 132, 124), width=2)
    return p.image


SCENES: tuple[Callable[[np.random.Generator], Image.Image], ...] = (
    _brick_wall,
    _park,
    _shops,
    _crossing,
    _plaza,
    _campus,
)


@lru_cache(maxsize=32)
def _scene(number: int, saturation: float, seed: int) -> np.ndarray:
    """One camera's scene, float32 (HEIGHT, WIDTH, 3), 0..255."""
    rng = stream(seed, "scene", number)
    image = SCENES[(number - 1) % len(SCENES)](rng).filter(ImageFilter.GaussianBlur(1.6))
    a = np.asarray(image, np.float32) * rng.uniform(0.85, 1.12)
    light = Image.fromarray(rng.uniform(0.86, 1.12, (6, 14)).astype(np.float32)).resize((WIDTH, HEIGHT), Image.BICUBIC)
    a *= np.asarray(light)[..., None]
    grey = a.mean(axis=2, keepdims=True)
    return np.clip(grey + saturation * (a - grey), 0, 255)


@lru_cache(maxsize=64)
def _scene_at(number: int, saturation: float, seed: int, height: int) -> np.ndarray:
    """The scene reduced (or enlarged) so that a window is `height` pixels high."""
    a = _scene(number, saturation, seed)
    size = round(WIDTH * height / WINDOW), round(HEIGHT * height / WINDOW)
    channels = [np.asarray(Image.fromarray(a[..., c]).resize(size, Image.BICUBIC)) for c in range(3)]
    return np.clip(np.stack(channels, axis=-1), 0, 255)


def background(camera: Row, place_x: float, place_y: float, height: int) -> np.ndarray:
    """A view into the camera's scene, float32 (height, height // 2, 3), read-only; the places run 0..1."""
    a = _scene_at(camera["number"], camera["saturation"], camera["seed"], height)
    y = int(place_y * (a.shape[0] - height))
    x = int(place_x * (a.shape[1] - height // 2))
    return a[y : y + height, x : x + height // 2]
