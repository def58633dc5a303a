// Our own table of emojis: a line for each emoji, and directly behind it its name. After a comma there are other words
// that find it. The order is that of the picker: smileys, hands and hearts, people, nature, food, activities, places,
// things, signs.

const TABLE = `
😀grin
😁beaming grin
😂tears of joy, lol laugh haha
😃happy grin
😄happy laugh
😅nervous laugh, sweat phew
😆squinting laugh
😇angel, halo
😈devil, horns
😉wink
😊happy, smile blush
😋yummy
😌relieved
😍heart eyes, love
😎cool, sunglasses
😏smirk
😐neutral
😑expressionless
😒unamused, meh
😔pensive
😕confused
😗kiss, whistle
😘blow a kiss
😚kiss closed eyes
😛tongue
😜tongue wink
😝tongue squint
😞disappointed
😟worried
😠angry, mad
😡rage, angry red
😢crying, sad tear
😣persevering
😤triumph, huff
😥sad but relieved
😦frown open mouth
😧anguished
😨fearful, scared
😩weary
😪sleepy
😫tired
😬grimace, awkward
😭sobbing, sad cry
😮wow, surprised
😯hushed
😰anxious sweat
😱scream, fear
😲astonished
😳flushed
😴asleep, sleep tired
😵dizzy
😶no mouth
😷mask, ill
😸grinning cat
😹cat tears of joy
😺happy cat
😻cat heart eyes
😼smirking cat
😽kissing cat
😾pouting cat
😿crying cat
🙀weary cat
🙁frown
🙂smile
🙃upside down, irony
🙄rolling eyes
🤐zipped mouth, secret
🤑money mouth
🤒thermometer, fever ill
🤓nerd
🤔thinking, hmm
🤕bandage, hurt
🤖robot
🤗hug
🤠cowboy
🤡clown
🤢nauseated, sick
🤣rolling on the floor laughing, rofl lol
🤤drooling
🤥lying
🤦facepalm, oh no
🤧sneeze
🤨raised eyebrow
🤩star eyes
🤪crazy
🤫hush, quiet
🤬swearing
🤭hand over mouth, oops
🤮vomit
🤯mind blown
🥰in love hearts
🥱yawn
🥲smile with tear
🥳party face
🥴woozy
🥵hot
🥶freezing, cold
🥺pleading
🧐monocle
👋wave, hello hi bye
🤚back of hand
🖐️spread fingers
✋raised hand, stop
🖖vulcan
👌ok hand, perfect fine
✌️victory, peace
🤞fingers crossed, luck
🤘rock, horns
🤙call me
👈point left
👉point right
👆point up
👇point down
☝️finger up
👍thumbs up, yes ok agree like good
👎thumbs down, no bad dislike
✊raised fist
👊fist bump
🤛left fist
🤜right fist
👏clap, bravo applause
🙌raised hands, celebrate
👐open hands
🤝handshake, deal
🙏folded hands, thanks please pray
✍️writing hand
💪biceps, strong
👀eyes, look see
🧠brain
❤️red heart, love
🧡orange heart
💛yellow heart
💚green heart
💙blue heart
💜purple heart
🖤black heart
🤍white heart
🤎brown heart
💔broken heart
💕two hearts
💖sparkling heart
💗growing heart
💝heart with ribbon
💋kiss mark
💯hundred, perfect
💥bang
💤zzz, sleep
💦splash, sweat
💨dash
👶baby
👧girl
👦boy
👩woman
👨man
👵older woman
👴older man
🙅no gesture
🙆ok gesture
🙇bow
🙋hand up, me
🙍person frowning
🙎person pouting
🤷shrug, dunno
🚶pedestrian
🏃runner
💃dancer
🕺man dancing
🚴bicyclist
🏊swimmer
🧘yoga, meditation
👪family
🐀rat
🐁mouse
🐂ox
🐃water buffalo
🐄cow
🐅tiger
🐆leopard
🐇rabbit
🐈cat
🐉dragon
🐊crocodile
🐋whale
🐌snail
🐍snake
🐎horse
🐏ram
🐐goat
🐑sheep
🐒monkey
🐓rooster
🐔chicken
🐕dog
🐖pig
🐗boar
🐘elephant
🐙octopus
🐚spiral shell
🐛bug, error
🐜ant
🐝honeybee
🐞ladybird
🐟fish
🐠tropical fish
🐡blowfish
🐢turtle
🐣hatching chick
🐤baby chick
🐥chick
🐦bird
🐧penguin
🐨koala
🐩poodle
🐪camel
🐫two hump camel
🐬dolphin
🐭mouse face
🐮cow face
🐯tiger face
🐰rabbit face
🐱cat face
🐲dragon face
🐳spouting whale
🐴horse face
🐵monkey face
🐶dog face
🐷pig face
🐸frog face
🐹hamster face
🐺wolf face
🐻bear face
🐼panda face
🐽pig nose
🐾paw prints
🐿️chipmunk
🦀crab
🦁lion face
🦂scorpion
🦃turkey
🦄unicorn face
🦅eagle
🦆duck
🦇bat
🦈shark
🦉owl
🦊fox face
🦋butterfly
🦌deer
🦍gorilla
🦎lizard
🦏rhinoceros
🦐shrimp
🦑squid
🦒giraffe face
🌰chestnut
🌱seedling
🌲evergreen tree
🌳deciduous tree
🌴palm tree
🌵cactus
🌶️hot pepper
🌷tulip
🌸cherry blossom
🌹rose
🌺hibiscus
🌻sunflower
🌼blossom
🌽corn
🌾rice plant
🌿herb
🍀four leaf clover
🍁maple leaf
🍂fallen leaf
🍃leaves in the wind
💐bouquet
☀️sun
⛅sun behind cloud
☁️cloud
⛈️thunder storm
❄️snowflake
⛄snowman
🔥fire, hot lit
💧droplet
🌊water wave
🌍earth, world
🌙crescent moon
⭐star
🌟glowing star
✨sparkles
⚡lightning, high voltage
🌈rainbow
🍄mushroom
🍅tomato
🍆aubergine
🍇grapes
🍈melon
🍉watermelon
🍊tangerine
🍋lemon
🍌banana
🍍pineapple
🍎red apple
🍏green apple
🍐pear
🍑peach
🍒cherries
🍓strawberry
🍔hamburger
🍕pizza slice
🍖meat on bone
🍗poultry leg
🍘rice cracker
🍙rice ball
🍚cooked rice
🍛curry and rice
🍜steaming bowl
🍝spaghetti
🍞bread
🍟french fries
🍠roasted sweet potato
🍡dango
🍢oden
🍣sushi
🍤fried shrimp
🍥fish cake
🍦soft ice cream
🍧shaved ice
🍨ice cream
🍩doughnut
🍪cookie
🍫chocolate bar
🍬candy
🍭lollipop
🍮custard
🍯honey pot
🍰shortcake
🍱bento box
🍲pot of food
🍳cooking
🍴fork and knife
🍵tea
🍶sake
🍷wine
🍸cocktail
🍹tropical drink
🍺beer
🍻beers, cheers
🍼baby bottle
🍽️fork and knife with plate
🍿popcorn
🎂birthday cake
🍾champagne
☕coffee, tea
🥂cheers, clinking glasses
🥃whisky
🥐croissant
🥑avocado
🥓bacon
🥗green salad
🥨pretzel
🥪sandwich
🎉party popper, tada hooray congratulations
🎊confetti ball
🎈balloon
🎁present, gift
🎀ribbon
🎄christmas tree
🎆fireworks
🏆trophy
🥇first place medal
🥈second place medal
⚽soccer ball
🏀basketball
🏈american football
🎾tennis
🎨artist palette
🎬film
🎤microphone
🎧headphone
🎵note, music
🎶notes, music
🎸guitar
🎮video game
🎯bullseye
🎲die, dice
🧩puzzle
🚗car
🚕taxi
🚌bus
🚲bicycle, bike
✈️plane
🚀rocket, launch ship
🏠house, home
🏖️beach
⛰️mountain
🌃night
⌚watch
📱mobile phone
💻computer, laptop
📷camera
📞phone call
⏰alarm clock
💡light bulb, idea
💰money bag
💳credit card
💎gem
🔧wrench
🔨hammer
⚙️gear
🔒lock
🔓open lock
🔑key
📦package
📧e-mail
📄page, document
📈chart up
📉chart down
📊bar chart
📌pushpin
📅calendar
📁folder
📖open book
📚books
✏️pencil
🔍search, magnifying glass
🗑️bin
✅check, done yes ok tick
✔️check mark
❌cross, no wrong
❗exclamation mark
❓question mark, what
⚠️warning
🚫no entry
🛑stop
♻️recycle
🆘sos, help
🔜soon
➡️right arrow
⬅️left arrow
⬆️up arrow
⬇️down arrow
🔄refresh arrows
🔴red circle
🟢green circle
🚩red flag
🏁finish flag
🚨alarm light
`;

/** Each emoji with its name and its other words. @type {readonly (readonly [emoji: string, words: string])[]} */
export const EMOJIS = TABLE.trim()
  .split("\n")
  .map((line) => {
    const [emoji] = /** @type {RegExpExecArray} */ (/^[^ -~]+/.exec(line));
    return [emoji, line.slice(emoji.length)];
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
