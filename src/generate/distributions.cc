#include "generate/distributions.h"

#include <algorithm>
#include <numeric>

namespace leat::generate {
namespace {

constexpr std::uint32_t kSlotCount = 4'096;
constexpr std::int64_t kSecondsPerHour = 3'600;

constexpr QuantileTable kLognormalFactor = {
    .body =
        {
            22166,  25831,  28119,  29649,  30838,  31829,  32688,  33453,  34146,  34783,  35375,
            35930,  36453,  36949,  37422,  37874,  38308,  38726,  39130,  39521,  39900,  40268,
            40627,  40976,  41318,  41652,  41978,  42299,  42613,  42921,  43224,  43522,  43815,
            44104,  44389,  44669,  44946,  45220,  45490,  45757,  46021,  46283,  46541,  46797,
            47051,  47302,  47551,  47798,  48043,  48286,  48527,  48767,  49005,  49241,  49476,
            49709,  49941,  50172,  50402,  50630,  50857,  51083,  51308,  51532,  51755,  51978,
            52199,  52420,  52639,  52859,  53077,  53295,  53512,  53728,  53944,  54160,  54375,
            54590,  54804,  55018,  55231,  55444,  55657,  55870,  56082,  56294,  56506,  56718,
            56929,  57141,  57352,  57564,  57775,  57986,  58197,  58409,  58620,  58831,  59043,
            59254,  59466,  59678,  59890,  60102,  60315,  60528,  60741,  60954,  61167,  61381,
            61596,  61810,  62025,  62241,  62456,  62673,  62890,  63107,  63325,  63543,  63762,
            63981,  64201,  64422,  64644,  64866,  65088,  65312,  65536,  65761,  65987,  66213,
            66441,  66669,  66898,  67128,  67360,  67592,  67825,  68059,  68294,  68530,  68767,
            69006,  69246,  69486,  69728,  69972,  70217,  70463,  70710,  70959,  71209,  71461,
            71714,  71969,  72225,  72483,  72743,  73005,  73268,  73533,  73800,  74069,  74340,
            74613,  74887,  75165,  75444,  75725,  76009,  76295,  76584,  76875,  77168,  77465,
            77763,  78065,  78370,  78677,  78988,  79301,  79618,  79938,  80262,  80589,  80920,
            81254,  81592,  81934,  82281,  82631,  82986,  83345,  83709,  84078,  84452,  84831,
            85215,  85605,  86000,  86401,  86809,  87223,  87644,  88071,  88506,  88948,  89398,
            89856,  90323,  90799,  91284,  91778,  92283,  92799,  93326,  93864,  94415,  94980,
            95558,  96150,  96758,  97383,  98025,  98685,  99366,  100067, 100791, 101539, 102314,
            103116, 103949, 104815, 105718, 106659, 107644, 108676, 109762, 110906, 112117, 113402,
            114773, 116241, 117822, 119537, 121411, 123478, 125783, 128390, 131394, 134941, 139276,
            144862, 152741, 166272, 282012,
        },
    .tail = {
        166272, 166580, 166894, 167213, 167537, 167867, 168202, 168544, 168891, 169245, 169606,
        169973, 170348, 170729, 171119, 171516, 171922, 172337, 172760, 173193, 173636, 174089,
        174553, 175029, 175516, 176016, 176530, 177057, 177598, 178156, 178730, 179321, 179931,
        180560, 181211, 181884, 182581, 183304, 184055, 184835, 185649, 186497, 187385, 188314,
        189290, 190316, 191400, 192547, 193765, 195063, 196453, 197948, 199566, 201328, 203263,
        205406, 207809, 210541, 213706, 217465, 222091, 228094, 236634, 251458, 282012,
    }};

std::int32_t Between(std::int32_t low, std::int32_t high, std::uint64_t fraction, unsigned bits) {
  const auto step = static_cast<std::uint64_t>(high - low);
  return low + static_cast<std::int32_t>((step * fraction) >> bits);
}

}  // namespace

std::int32_t QuantileTable::At(std::uint32_t u) const {
  const std::uint32_t step = u >> 24U;
  if (step < 255) return Between(body[step], body[step + 1], u & 0xffffffU, 24);
  const std::uint32_t tail_step = (u >> 18U) & 63U;
  return Between(tail[tail_step], tail[tail_step + 1], u & 0x3ffffU, 18);
}

const QuantileTable& LognormalFactor() { return kLognormalFactor; }

WeightedChoice::WeightedChoice(std::span<const std::uint32_t> weights) : slots_(kSlotCount) {
  const auto total = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::uint64_t cumulative = 0;
  std::uint64_t slot = 0;
  for (std::size_t i = 0; i < weights.size(); i++) {
    cumulative += weights[i];
    const std::uint64_t end = cumulative * kSlotCount / total;
    for (; slot < end; slot++) slots_[slot] = static_cast<std::uint16_t>(i);
  }
}

DayClock::DayClock(const std::array<std::uint32_t, 24>& hour_weights) : cumulative_{} {
  for (std::size_t hour = 0; hour < 24; hour++) {
    cumulative_[hour + 1] = cumulative_[hour] + hour_weights[hour];
  }
}

std::int32_t DayClock::SecondOfEvent(std::int64_t i, std::int64_t count,
                                     std::uint32_t random) const {
  // The event's place within the day's traffic, in units of traffic / 2^20: (i + random / 2^32) /
  // count.
  constexpr unsigned kFractionBits = 20;
  const auto within = static_cast<std::uint64_t>(random >> (32U - kFractionBits));
  const std::uint64_t traffic = cumulative_[24] *
                                ((static_cast<std::uint64_t>(i) << kFractionBits) + within) /
                                static_cast<std::uint64_t>(count);
  const auto hour = static_cast<std::size_t>(
      std::upper_bound(cumulative_.begin() + 1, cumulative_.end(), traffic >> kFractionBits) -
      cumulative_.begin() - 1);
  const std::uint64_t into_hour = traffic - (cumulative_[hour] << kFractionBits);
  const std::uint64_t width = (cumulative_[hour + 1] - cumulative_[hour]) << kFractionBits;
  return static_cast<std::int32_t>(kSecondsPerHour * static_cast<std::int64_t>(hour) +
                                   static_cast<std::int64_t>(into_hour * kSecondsPerHour / width));
}

std::vector<std::int64_t> Apportion(std::int64_t total, std::span<const std::uint32_t> weights) {
  const auto weight_total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  std::vector<std::int64_t> shares;
  std::int64_t cumulative = 0;
  std::int64_t given = 0;
  for (const std::uint32_t weight : weights) {
    cumulative += weight;
    // total · cumulative / weight_total without overflow: whole part and remainder apart.
    const std::int64_t end =
        total / weight_total * cumulative + total % weight_total * cumulative / weight_total;
    shares.push_back(end - given);
    given = end;
  }
  return shares;
}

}  // namespace leat::generate
