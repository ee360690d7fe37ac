# ruff: noqa: E501, RUF001  (one place per line is what makes the table readable; a dotless i is a letter)
"""Where cards come from: real places, each with what one sees and eats there."""

from typing import NamedTuple


class Place(NamedTuple):
    """`where` completes "Greetings from ..."; `at` completes "We are ...". `spots` and `foods` stand in a sentence."""

    where: str
    at: str
    scenes: str
    spots: tuple[str, ...]
    foods: tuple[str, ...]


def places() -> tuple[Place, ...]:
    """All places, in a fixed order; each scene is found in several of them."""
    return tuple(_place(line) for line in _LINES.strip().splitlines())


def _place(line: str) -> Place:
    where, at, scenes, spots, foods = (part.strip() for part in line.split("|"))
    return Place(where, at or f"in {where}", scenes, tuple(spots.split("; ")), tuple(foods.split("; ")))


# where | at (if not "in ...") | scenes | spots | foods
_LINES = """
Lisbon | | city sea | the steps of Alfama; tram 28; the viewpoint at Graça | warm custard tarts; grilled sardines; a bowl of caldo verde
Porto | | city canal sea | the Dom Luís bridge; the riverside at Ribeira; a bookshop with red stairs | a francesinha; port and almonds; crispy salt cod
Essaouira | | sea desert | the ramparts; the blue fishing boats; the woodworkers' lane | grilled sea bream; mint tea; orange salad with cinnamon
Merzouga | | desert stars | the first big dune; a camp under the palms; the dry lake | lentil soup; bread baked in the sand; dates
Wadi Rum | | desert stars | the red arch; a Bedouin camp; the long valley | zarb from the pit; sage tea; flatbread off the fire
Cairo | | city desert | the garden at Azhar; a felucca on the Nile; the spice street | koshari; hot falafel; sugarcane juice
Istanbul | | city sea | the ferry to Kadıköy; the roof of the old bazaar; a tea garden by the water | simit with cheese; fish sandwiches; pistachio baklava
Cappadocia | | hills desert | the valley of the chimneys; a cave hotel; the ridge at sunrise | apricots; a clay-pot stew; gözleme
Tbilisi | | city hills | the sulphur baths; a balcony in the old town; the cable car | khachapuri; plum sauce on everything; walnut rolls
Kazbegi | | mountains stars | the church on the hill; the pass road; a shepherd's hut | khinkali; mountain honey; mulberry jam
Naxos | on Naxos | sea | the marble doorway; a beach without a name; the village up the hill | a tomato that tasted of something; honey doughnuts; octopus from the grill
Dubrovnik | | sea city | the city walls; the island across the bay; a staircase full of cats | black risotto; figs; cherry cake
Lake Bled | by Lake Bled | lake mountains forest | the island church; a rowing boat; the castle rock | cream cake; mushroom soup; buckwheat dumplings
Hallstatt | | lake mountains | the boathouses; the salt mine; the path above the roofs | trout from the lake; apple strudel; a big pretzel
the Dolomites | | mountains stars forest | the three peaks; a hut with a view; the larch meadows | spinach dumplings; polenta; hot chocolate
Venice | | canal sea | a bridge nobody photographs; the fish market; the boat to Burano | cicchetti at the counter; squid-ink pasta; lemon ice
Cinque Terre | | sea hills | the coast path; the harbour at Vernazza; the terraces | focaccia; anchovies with lemon; pesto
Tuscany | | hills | a lane of cypresses; a vineyard gate; the tower we climbed | ribollita; pecorino with pears; wild boar ragù
Amsterdam | | canal city | the narrow houses; a flower boat; the ferry behind the station | apple pie; cheese on dark bread; a stroopwafel from the iron
Bruges | | canal | the belfry; the quiet courtyard; the canal behind the lace shop | waffles; mussels; more chocolate than planned
Copenhagen | | canal city sea | the harbour bath; the coloured houses; a bakery queue | cardamom buns; smørrebrød; rye porridge
Bergen | | sea mountains canal | the wooden wharf; the funicular; the fish hall | fish soup; skillingsboller; brown cheese
the Lofoten islands | on the Lofoten islands | aurora mountains sea stars | the red cabins; a beach with snow on it; the drying racks | stockfish; cloudberry cream; waffles with jam
Tromsø | | aurora mountains sea | the bridge; the cable car; a frozen fjord | cinnamon buns; reindeer stew; hot blackcurrant
Abisko | | aurora lake forest stars | the frozen lake; the birch trail; the night train platform | arctic char; thin bread; blueberry soup
Iceland | | aurora mountains hills | a steaming river; the black beach; the little turf church | rye bread baked in the ground; lamb soup; skyr
Edinburgh | | city hills | the crag above town; a close with a lantern; the old library | shortbread; leek soup; a proper breakfast
Skye | on Skye | hills mountains sea | the fairy pools; the single-track road; the lighthouse path | smoked haddock; oatcakes; cranachan
the Lake District | | lake hills forest | a drystone wall; the jetty; the slate quarry | gingerbread; a pie the size of a hat; strong tea
Connemara | | hills sea lake | the bog road; a pier with one boat; the pony field | brown bread; seafood chowder; boiled cake
Brittany | | sea forest | the pink rocks; the lighthouse; the oyster shacks | buckwheat galettes; salted butter caramel; oysters
the Black Forest | | forest hills | a clock-maker's window; the waterfall; the fire tower | cherry cake; spätzle; smoked ham on a board
Kraków | | city | the trumpeter's tower; the cloth hall; a cellar with a piano | pierogi; obwarzanki; sour rye soup
the Tatras | | mountains forest lake | the lake called the Eye; a wooden chapel; the ridge chain | smoked sheep's cheese; bilberry buns; bigos
Tallinn | | city sea forest | the town wall; the knitting market; the old harbour | black bread; elk soup; marzipan
Kyoto | | forest city | the gate path; a moss garden; the river stones | matcha parfait; tofu in hot broth; pickles I cannot name
Hokkaido | on Hokkaido | lake mountains hills | the lavender rows; the drift ice; a tiny station | miso ramen; a very expensive melon; milk ice cream
Tokyo | | city | the crossing; a counter with eight seats; the shrine between offices | tamago sandwiches; cold soba; grilled eel
Hội An | | canal sea | the lantern bridge; the tailor's shop; the rice fields by bicycle | cao lầu; bánh mì; coconut coffee
Hạ Long | on Hạ Long bay | sea stars | a floating village; the cave; the deck before breakfast | phở; squid; pomelo with chilli salt
Ubud | | forest hills | the rice terraces; a temple pool; the ridge walk | nasi campur; jackfruit curry; black rice pudding
Udaipur | | lake city | the palace steps; a rooftop; the ferry at five | kachori; cardamom tea; dal with too much ghee
Ladakh | | mountains stars lake desert | the high pass; a white monastery; the very blue lake | butter tea; momos; apricot jam
Munnar | | hills forest | the tea rows; the misty bend; the spice garden | banana fritters; appam and stew; freshly picked tea
Zanzibar | on Zanzibar | sea | the carved doors; the sandbank; the night market | octopus curry; sugarcane with ginger; coconut bread
Cape Town | | sea mountains city | the flat mountain; the coast road; the coloured houses | bobotie; a snoek braai; milk tart
the Namib | | desert stars | the star dune; the dead trees; the empty road | apple pie in the desert; game stew; rusks with coffee
Nairobi | | city hills | the forest walk; the railway museum; the ridge at the edge of town | nyama choma; chapati; passion fruit by the bag
Oaxaca | | hills desert city | the stone church; the textile market; the petrified falls | seven kinds of mole; hot chocolate; tlayudas
Cusco | | mountains hills city | the stone street; the market upstairs; the ruins at dawn | corn with cheese; quinoa soup; lucuma ice cream
Patagonia | | mountains lake stars | the granite towers; the hanging glacier; the windy bus stop | calafate jam; lamb on the cross; empanadas
Atacama | in the Atacama | desert stars mountains | the salt flat; the geysers at dawn; the valley of the moon | humitas; rica-rica tea; goat's cheese
Valparaíso | | sea city | the painted stairs; the lift that creaks; a poet's house | crab pie; sopaipillas; ice cream in a fog
Rio | | city sea forest | the cove at dusk; the tram up the hill; the waterfall in the woods | pão de queijo; açaí; black beans done right
New Orleans | | city | the streetcar; a porch with a band; the levee | beignets; red beans on a Monday; gumbo
the Big Sur | | sea forest mountains | the high bridge; the redwoods; the purple beach | artichokes; blackberry pie; clam chowder
Utah | | desert stars mountains | the natural arch; the slot canyon; the slickrock trail | fry bread; peach cobbler; diner pancakes
Vermont | | forest hills lake | the covered bridge; a sugarhouse; the general store | maple everything; cheddar; cider doughnuts
Montréal | | city | the mountain steps; the market in Little Italy; the spiral staircases | a hot bagel; poutine; pea soup
the Rockies | | mountains lake forest stars | the turquoise lake; the railway bend; the larch valley | bannock; saskatoon pie; trail chili
Prince Edward Island | on Prince Edward Island | sea hills | the red cliffs; the potato fields; a white church | chowder; lobster rolls; raspberry cordial
Tasmania | | forest sea mountains | the tea-coloured river; the convict bridge; the wombat meadow | scallop pie; leatherwood honey; cherries
Aotearoa's south | in the south of Aotearoa | mountains lake stars hills | the stone church; the glacier river; the gravel road | a mince pie; whitebait fritters; hokey-pokey ice cream
Sydney | | city sea | the ferry to Manly; the coast walk; the rock pool | flat whites; barramundi; lamingtons
"""
