"""What the shop sells and to whom: the words and rough numbers behind every shop it makes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goods:
    """A kind of goods. `lasts` is the days a pack lasts (0: bought once), `peak` the month of most demand (0: none)."""

    name: str
    noun: str
    category: str
    price: float
    lasts: int = 0
    peak: int = 0
    swing: float = 0.0


GOODS = (
    Goods("Trail shoes", "Trail running shoe", "Running", 120, peak=4, swing=0.5),
    Goods("Road shoes", "Road running shoe", "Running", 110, peak=4, swing=0.4),
    Goods("Running jackets", "Running jacket", "Running", 85, peak=10, swing=0.6),
    Goods("Energy food", "Energy bar box", "Running", 19, lasts=24),
    Goods("Tents", "Two-person tent", "Camping", 240, peak=6, swing=1.2),
    Goods("Sleeping bags", "Sleeping bag", "Camping", 130, peak=6, swing=1.0),
    Goods("Camp cooking", "Camping stove", "Camping", 55, peak=6, swing=0.9),
    Goods("Gas", "Gas cartridge set", "Camping", 14, lasts=35, peak=7, swing=0.7),
    Goods("Helmets", "Cycling helmet", "Cycling", 75, peak=5, swing=0.7),
    Goods("Bike lights", "Bike light", "Cycling", 42, peak=11, swing=0.9),
    Goods("Panniers", "Pannier bag", "Cycling", 80, peak=5, swing=0.6),
    Goods("Bike care", "Chain oil", "Cycling", 12, lasts=45, peak=5, swing=0.3),
    Goods("Coffee makers", "Filter coffee maker", "Kitchen", 70, peak=12, swing=0.4),
    Goods("Pans", "Cast iron pan", "Kitchen", 60, peak=12, swing=0.4),
    Goods("Knives", "Kitchen knife", "Kitchen", 48, peak=12, swing=0.4),
    Goods("Coffee", "Coffee beans 1 kg", "Kitchen", 21, lasts=28),
    Goods("Planters", "Planter", "Garden", 38, peak=4, swing=1.2),
    Goods("Garden tools", "Secateurs", "Garden", 29, peak=3, swing=1.1),
    Goods("Outdoor lights", "Garden lantern", "Garden", 45, peak=9, swing=0.5),
    Goods("Plant care", "Plant food", "Garden", 11, lasts=40, peak=5, swing=1.0),
    Goods("Blankets", "Wool blanket", "Living", 65, peak=11, swing=0.8),
    Goods("Lamps", "Table lamp", "Living", 58, peak=11, swing=0.3),
    Goods("Storage", "Storage basket", "Living", 26, peak=1, swing=0.3),
    Goods("Candles", "Scented candle", "Living", 16, lasts=30, peak=12, swing=0.8),
    Goods("Ski goggles", "Ski goggles", "Winter", 90, peak=1, swing=1.5),
    Goods("Base layers", "Merino base layer", "Winter", 62, peak=12, swing=1.2),
    Goods("Snowshoes", "Snowshoe pair", "Winter", 140, peak=1, swing=1.5),
    Goods("Hand warmers", "Hand warmer pack", "Winter", 9, lasts=25, peak=1, swing=1.2),
)

BRANDS = (
    "Nordkamm",
    "Talwind",
    "Solvane",
    "Pinequay",
    "Vintertal",
    "Oakmere",
    "Terraplume",
    "Bergfalter",
    "Marlowick",
    "Steinbach & Rye",
)

STYLES = (
    ("featherlight", "sturdy"),
    ("minimalist", "playful"),
    ("bright", "earth-toned"),
    ("organic", "classic"),
    ("everyday", "special edition"),
    ("compact", "family size"),
)

LIFESTYLES: dict[str, tuple[str, ...]] = {
    "Trail runner": ("Trail shoes", "Running jackets", "Energy food", "Base layers"),
    "Family camper": ("Tents", "Sleeping bags", "Camp cooking", "Gas"),
    "City cyclist": ("Helmets", "Bike lights", "Panniers", "Bike care"),
    "Home cook": ("Coffee makers", "Pans", "Knives", "Coffee"),
    "Gardener": ("Planters", "Garden tools", "Outdoor lights", "Plant care"),
    "Cosy homemaker": ("Blankets", "Lamps", "Storage", "Candles"),
    "Winter fan": ("Ski goggles", "Base layers", "Snowshoes", "Hand warmers"),
    "All-rounder": (),
}
LIFESTYLE_SHARES = (0.14, 0.12, 0.14, 0.16, 0.13, 0.13, 0.08, 0.10)
MEAN_AGES = (34, 41, 36, 43, 55, 48, 38, 44)
REGIONS = ("North", "South", "East", "West", "Coast", "Mountains")
