<?php
// This file is part of Provost
//
// Provost is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Provost is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Provost.  If not, see <http://www.gnu.org/licenses/>.


namespace provost;

/**
 * Puts one address in the place of another in texts: a site's URL, or the path of its dataroot.
 *
 * An address is found as it stands, as JSON writes it (\/), and as URLs and forms write it (%3A%2F%2F), also more than once escaped;
 * a URL with http, with https, and without a scheme; and inside of what PHP has serialised. It is found at its boundaries only: the
 * address https://a.example is not in https://a.example.org, nor https://a.example/one in https://a.example/one-more.
 *
 * Doing it twice is doing it once, also where the new address begins with the old one.
 *
 * This class knows nothing of Moodle.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class address {

    /** @var string A slash, as it may be written. */
    private const SLASH = '(?:\\\\*+/|%(?:25)*+2F)';

    /** @var string A colon, likewise. */
    private const COLON = '(?::|%(?:25)*+3A)';

    /** @var string What cannot follow a segment of a path that ended here. */
    private const END = '(?![a-z0-9_\x80-\xff\~-]|\.[a-z0-9])';

    /** @var array Of each rule its pattern, its replacement as a closure, and its pair. */
    private array $rules = [];

    /**
     * What is to be replaced.
     *
     * @param array $pairs Of each: from, to; and for URLs except, a list of paths below "from" that are other sites'.
     */
    public function __construct(array $pairs) {
        foreach ($pairs as $pair) {
            $this->rules[] = str_contains($pair['from'], '://') ? $this->url($pair) : $this->path($pair);
        }
    }

    /**
     * The pairs of addresses as they stand, for who replaces them without further thought.
     *
     * @return array
     */
    public function pairs(): array {
        return array_map(fn($rule) => [$rule['from'], $rule['to']], $this->rules);
    }

    /**
     * What a text holds, in this order, that an address is in: lists of parts.
     *
     * @return array
     */
    public function needles(): array {
        return array_map(fn($rule) => $rule['needle'], $this->rules);
    }

    /**
     * The text with the new addresses.
     *
     * @param string $text
     * @return string
     */
    public function text(string $text): string {
        if (preg_match('~^(?:[aO]:\d+:|s:\d+:")~', $text)) {
            $changed = $this->serialised($text);
            if ($changed !== null) {
                return $changed;
            }
        }
        foreach ($this->rules as $rule) {
            // On a fault of the pattern's engine the text stays as it is, and is told as left.
            $text = preg_replace_callback($rule['pattern'], $rule['put'], $text) ?? $text;
        }
        return $text;
    }

    /**
     * What was serialised, with the new addresses and the lengths that they have; null where it is nothing of the kind. No object of
     * it is ever made.
     *
     * @param string $text
     * @return string|null
     */
    public function serialised(string $text): ?string {
        $other = '~\G(?:N;|[bidrR]:[^;]*+;|a:\d+:\{|O:\d+:"[^"]*+":\d+:\{|E:\d+:"[^"]*+";|\})~';
        for ($out = '', $at = 0; $at < strlen($text);) {
            if (preg_match($other, $text, $match, 0, $at)) {
                $out .= $match[0];
                $at += strlen($match[0]);
                continue;
            }
            if (!preg_match('~\Gs:(\d{1,18}):"~', $text, $match, 0, $at)) {
                return null;
            }
            [$from, $length] = [$at + strlen($match[0]), (int) $match[1]];
            $at = $from + $length + 2;
            if ($at > strlen($text) || substr($text, $at - 2, 2) !== '";') {
                return null;
            }
            $inner = $this->text(substr($text, $from, $length));
            $out .= 's:' . strlen($inner) . ":\"$inner\";";
        }
        return $out;
    }

    /**
     * What was serialised and then encoded, as the settings of blocks are.
     *
     * @param string $text
     * @return string
     */
    public function encoded(string $text): string {
        $decoded = base64_decode($text, true);
        $changed = $decoded === false ? null : $this->serialised($decoded);
        return $changed === null || $changed === $decoded ? $text : base64_encode($changed);
    }

    /**
     * The rule for a URL.
     *
     * @param array $pair
     * @return array
     */
    private function url(array $pair): array {
        [$from, $to] = [$this->parts($pair['from']), $this->parts($pair['to'])];
        [$slash, $colon] = [self::SLASH, self::COLON];
        $path = '';
        foreach ($from['path'] as $segment) {
            $path .= '\k<s>' . preg_quote($segment, '~');
        }
        // A name goes on with a dot and a letter; what stands before an @ is a user, and behind a colon that one's password.
        $end = '(?![a-z0-9_-]|\.[a-z0-9]|@|%(?:25)*+40)';
        $port = $from['port'] === null
            ? "(?:$colon(?:80|443)(?![0-9]))?+(?!$colon" . '[0-9])'
            : "$colon{$from['port']}(?![0-9])";
        $except = array_map(fn($path) => $this->segments($path), $pair['except'] ?? []);
        $below = array_slice($to['path'], count($from['path']));
        if ($from['host'] === $to['host'] && $from['port'] === $to['port'] && $below
                && array_slice($to['path'], 0, count($from['path'])) === $from['path']) {
            $except[] = $below;
        }
        $not = '';
        foreach ($except as $segments) {
            $quoted = array_map(fn($segment) => '\k<s>' . preg_quote($segment, '~'), $segments);
            $not .= '(?!' . implode('', $quoted) . self::END . ')';
        }
        $pattern = "~(?:(?<![a-z0-9])https?(?<c>$colon)|(?<![:\w/\\\\]))(?<s>$slash)\k<s>"
            . preg_quote($from['host'], '~') . $end . $port . $end . $path . ($path === '' ? '' : self::END) . $not . '~i';
        $put = function (array $match) use ($to): string {
            $slash = $match['s'];
            $colon = $match['c'] !== '' ? $match['c'] : (str_ends_with($slash, '/') ? ':' : substr($slash, 0, -2) . '3A');
            $url = ($match['c'] === '' ? '' : $to['scheme'] . $colon) . $slash . $slash . $to['host'];
            $url .= $to['port'] === null ? '' : $colon . $to['port'];
            foreach ($to['path'] as $segment) {
                $url .= $slash . $segment;
            }
            return $url;
        };
        return ['from' => $pair['from'], 'to' => $pair['to'], 'pattern' => $pattern, 'put' => $put, 'needle' => [$from['host']]];
    }

    /**
     * The rule for the path of a directory.
     *
     * @param array $pair
     * @return array
     */
    private function path(array $pair): array {
        [$from, $to] = [$this->segments($pair['from']), $this->segments($pair['to'])];
        $quoted = array_map(fn($segment) => preg_quote($segment, '~'), $from);
        $pattern = '~(?<![\w.-])(?<s>' . self::SLASH . ')' . implode('\k<s>', $quoted) . '(?![\w-]|\.\w)~';
        $put = fn(array $match): string => $match['s'] . implode($match['s'], $to);
        // The end of it is what tells it from others.
        $needle = array_slice($from, -2);
        return ['from' => $pair['from'], 'to' => $pair['to'], 'pattern' => $pattern, 'put' => $put, 'needle' => $needle];
    }

    /**
     * A URL in parts.
     *
     * @param string $url
     * @return array
     */
    private function parts(string $url): array {
        $parts = parse_url($url);
        return [
            'scheme' => $parts['scheme'],
            'host' => $parts['host'],
            'port' => $parts['port'] ?? null,
            'path' => $this->segments($parts['path'] ?? ''),
        ];
    }

    /**
     * The segments of a path.
     *
     * @param string $path
     * @return string[]
     */
    private function segments(string $path): array {
        return array_values(array_filter(explode('/', $path), fn($segment) => $segment !== ''));
    }
}
