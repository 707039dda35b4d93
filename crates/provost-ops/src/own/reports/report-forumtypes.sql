-- Forums by type, with their discussions
select f.type as forumtype, count(distinct f.id) as forums, count(d.id) as discussions
  from {forum} f
  left join {forum_discussions} d on d.forum = f.id
 group by f.type
 order by forums desc, f.type
