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

/**
 * Recipes: mod_forum.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'forum' => ['in' => 'id:forum', 'refs' => 'course:course', 'convert' => ['scale' => 'grade', 'grade_forum' => 'grade']],
    'forum_discussions' => [
        'in' => 'forum:forum',
        'key' => 'forum userid name timemodified',
        'refs' => 'course:course forum:forum userid:user usermodified:user groupid:groups firstpost:forum_posts',
        'users' => true,
    ],
    'forum_posts' => [
        'in' => 'discussion:forum_discussions',
        'key' => 'discussion userid created subject',
        'refs' => 'discussion:forum_discussions userid:user parent:forum_posts privatereplyto:user',
        'skip' => ['mailed' => 'a flag: the restore sends nothing again', 'mailnow' => 'a flag of the mail',
            'wordcount' => 'counted anew', 'charcount' => 'counted anew'],
        'blank' => 'attachment',
        'users' => true,
    ],
    'forum_subscriptions' => ['in' => 'forum:forum', 'refs' => 'forum:forum userid:user', 'users' => true],
    'forum_discussion_subs' => ['in' => 'forum:forum', 'refs' => 'forum:forum userid:user discussion:forum_discussions', 'users' => true],
    'forum_digests' => ['in' => 'forum:forum', 'refs' => 'forum:forum userid:user', 'users' => true],
    'forum_read' => ['in' => 'forumid:forum', 'refs' => 'forumid:forum userid:user discussionid:forum_discussions postid:forum_posts',
        'users' => true],
    'forum_track_prefs' => ['in' => 'forumid:forum', 'refs' => 'forumid:forum userid:user', 'users' => true],
    'forum_grades' => ['in' => 'forum:forum', 'refs' => 'forum:forum userid:user', 'users' => true],
];
