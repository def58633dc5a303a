// Our own table of emojis: a line for each emoji, and directly behind it its name. After a comma there are other words
// that find it. A line without an emoji is about the next one in Unicode. The order is that of the picker: smileys, hands,
// hearts, people, animals, plants, weather, food, activities, places, things, signs.

const TABLE = `
😀grin
beaming grin
tears of joy, lol laugh haha
happy grin
happy laugh
nervous laugh, sweat phew
squinting laugh
angel, halo
devil, horns
wink
happy, smile blush
yummy
relieved
heart eyes, love
cool, sunglasses
smirk
neutral
expressionless
unamused, meh
😔pensive
confused
😗kiss, whistle
blow a kiss
😚kiss closed eyes
tongue
tongue wink
tongue squint
disappointed
worried
angry, mad
rage, angry red
crying, sad tear
persevering
triumph, huff
sad but relieved
frown open mouth
anguished
fearful, scared
weary
sleepy
tired
grimace, awkward
sobbing, sad cry
wow, surprised
hushed
anxious sweat
scream, fear
astonished
flushed
asleep, sleep tired
dizzy
no mouth
mask, ill
grinning cat
cat tears of joy
happy cat
cat heart eyes
smirking cat
kissing cat
pouting cat
crying cat
weary cat
frown
smile
upside down, irony
rolling eyes
🤐zipped mouth, secret
money mouth
thermometer, fever ill
nerd
thinking, hmm
bandage, hurt
robot
hug
🤠cowboy
clown
nauseated, sick
rolling on the floor laughing, rofl lol
drooling
lying
facepalm, oh no
sneeze
raised eyebrow
star eyes
crazy
hush, quiet
swearing
hand over mouth, oops
vomit
mind blown
🥰in love hearts
yawn
smile with tear
party face
woozy
hot
freezing, cold
🥺pleading
🧐monocle
☝️finger up
✊raised fist
raised hand, stop
✌️victory, peace
✍️writing hand
👀eyes, look see
👆point up
point down
point left
point right
fist bump
wave, hello hi bye
ok hand, perfect fine
thumbs up, yes ok agree like good
thumbs down, no bad dislike
clap, bravo applause
open hands
💪biceps, strong
🖐️spread fingers
🖖vulcan
🙌raised hands, celebrate
🙏folded hands, thanks please pray
🤘rock, horns
call me
back of hand
left fist
right fist
handshake, deal
fingers crossed, luck
🧠brain
❤️red heart, love
💋kiss mark
💔broken heart
two hearts
sparkling heart
growing heart
💙blue heart
green heart
yellow heart
purple heart
heart with ribbon
💤zzz, sleep
bang
splash, sweat
💨dash
💯hundred, perfect
🖤black heart
🤍white heart
brown heart
🧡orange heart
🏃runner
🏊swimmer
👦boy
girl
man
woman
family
👴older man
older woman
baby
💃dancer
🕺man dancing
🙅no gesture
ok gesture
bow
🙋hand up, me
🙍person frowning
person pouting
🚴bicyclist
🚶pedestrian
🤷shrug, dunno
🧘yoga, meditation
🐀rat
mouse
ox
water buffalo
cow
tiger
leopard
rabbit
cat
dragon
crocodile
whale
snail
snake
horse
ram
goat
sheep
monkey
rooster
chicken
dog
pig
boar
elephant
octopus
spiral shell
bug, error
ant
honeybee
ladybird
fish
tropical fish
blowfish
turtle
hatching chick
baby chick
chick
bird
penguin
koala
poodle
camel
two hump camel
dolphin
mouse face
cow face
tiger face
rabbit face
cat face
dragon face
spouting whale
horse face
monkey face
dog face
pig face
frog face
hamster face
wolf face
bear face
panda face
pig nose
paw prints
🐿️chipmunk
🦀crab
lion face
scorpion
turkey
unicorn face
eagle
duck
bat
shark
owl
fox face
butterfly
deer
gorilla
lizard
rhinoceros
shrimp
squid
giraffe face
🌰chestnut
seedling
evergreen tree
deciduous tree
palm tree
cactus
🌶️hot pepper
🌷tulip
cherry blossom
rose
hibiscus
sunflower
blossom
corn
rice plant
herb
four leaf clover
maple leaf
fallen leaf
leaves in the wind
💐bouquet
☀️sun
☁️cloud
⚡lightning, high voltage
⛄snowman
sun behind cloud
⛈️thunder storm
✨sparkles
❄️snowflake
⭐star
🌈rainbow
🌊water wave
🌍earth, world
🌙crescent moon
🌟glowing star
💧droplet
🔥fire, hot lit
☕coffee, tea
🍄mushroom
tomato
aubergine
grapes
melon
watermelon
tangerine
lemon
banana
pineapple
red apple
green apple
pear
peach
cherries
strawberry
hamburger
pizza slice
meat on bone
poultry leg
rice cracker
rice ball
cooked rice
curry and rice
steaming bowl
spaghetti
bread
french fries
roasted sweet potato
dango
oden
sushi
fried shrimp
fish cake
soft ice cream
shaved ice
ice cream
doughnut
cookie
chocolate bar
candy
lollipop
custard
honey pot
shortcake
bento box
pot of food
cooking
fork and knife
tea
sake
wine
cocktail
tropical drink
beer
beers, cheers
baby bottle
🍽️fork and knife with plate
🍾champagne
popcorn
🎂birthday cake
🥂cheers, clinking glasses
whisky
🥐croissant
avocado
🥓bacon
🥗green salad
🥨pretzel
🥪sandwich
⚽soccer ball
🎀ribbon
present, gift
🎄christmas tree
🎆fireworks
🎈balloon
party popper, tada hooray congratulations
confetti ball
🎤microphone
🎧headphone
artist palette
🎬film
🎮video game
bullseye
🎲die, dice
🎵note, music
notes, music
🎸guitar
🎾tennis
🏀basketball
🏆trophy
🏈american football
🥇first place medal
second place medal
🧩puzzle
⛰️mountain
✈️plane
🌃night
🏖️beach
🏠house, home
🚀rocket, launch ship
🚌bus
🚕taxi
🚗car
🚲bicycle, bike
⌚watch
⏰alarm clock
⚙️gear
✏️pencil
💎gem
💡light bulb, idea
💰money bag
💳credit card
💻computer, laptop
📁folder
📄page, document
calendar
📈chart up
chart down
bar chart
📌pushpin
📖open book
📚books
📞phone call
📦package
e-mail
📱mobile phone
📷camera
🔍search, magnifying glass
🔑key
lock
open lock
🔧wrench
hammer
🗑️bin
♻️recycle
⚠️warning
✅check, done yes ok tick
✔️check mark
❌cross, no wrong
❓question mark, what
❗exclamation mark
➡️right arrow
⬅️left arrow
⬆️up arrow
⬇️down arrow
🆘sos, help
🏁finish flag
🔄refresh arrows
🔜soon
🔴red circle
🚨alarm light
red flag
🚫no entry
🛑stop
🟢green circle
`;

let last = "";
/** Each emoji with its name and its other words. @type {readonly (readonly [emoji: string, words: string])[]} */
export const EMOJIS = TABLE.trim()
  .split("\n")
  .map((line) => {
    const [named] = /** @type {RegExpExecArray} */ (/^[^ -~]*/.exec(line));
    last = named || String.fromCodePoint(/** @type {number} */ (last.codePointAt(0)) + 1);
    return [last, line.slice(named.length)];
  });

/** The reactions that are offered first. */
export const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🎉"];

/**
 * The emojis whose words begin with each word of the query; all of them without one.
 * @param {string} query
 */
export function findEmojis(query) {
  const asked = query.toLowerCase().split(/\s+/).filter(Boolean);
  return EMOJIS.filter(([emoji, words]) =>
    asked.every((word) => emoji === word || words.split(" ").some((known) => known.startsWith(word))),
  );
}
